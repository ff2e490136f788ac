/** A measured authorization server, whatever it is made of. */
import type { StatementCounts } from './database-statistics.js'
import type { Confidential } from './fixtures.js'
import type { TargetName } from './result.js'
import type { FlowClient } from './sign-in-flow.js'

export interface ServerProcess {
  readonly origin: string
  readonly pid: number
  /** Where it has another path than ours: ours to its own. */
  readonly paths?: Readonly<Record<string, string>>
}

export interface Target {
  readonly name: TargetName
  /** Issues JWT access tokens. For a whole stack the MCP server is in the same process, as `npm start` has it. */
  readonly main: ServerProcess
  /** The same server set to opaque access tokens, for introspection. */
  readonly opaque: ServerProcess & {
    readonly confidential: Confidential
    /** Issues opaque tokens only when no resource is named. */
    readonly namesNoResource?: true
  }
  /** The MCP endpoint; the bare engine has none. */
  readonly mcpUrl: string | undefined
  readonly client: FlowClient
  /** The same client under a URL, whose document the server fetches; the bare engine has none. */
  readonly documentClientId: string | undefined
  readonly confidential: Confidential
  /** Codes that wait to be exchanged; each is used once. */
  readonly codes: string[]
  /** CPU time of the database's processes so far; `undefined` when the database runs inside the server. */
  readonly databaseCpuMs: () => number | undefined
  /** Statements so far; `undefined` where they cannot be counted from outside. */
  readonly statements: () => Promise<StatementCounts | undefined>
  close(): Promise<void>
}
