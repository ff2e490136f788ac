/**
 * An MCP server definition: what the app mounts behind its guard. The notes are one. The tools, prompts and resources of any
 * other definition get the same middleware, in every protocol revision.
 */
import type { McpServer, ServerNotifier, ServerOptions } from '@modelcontextprotocol/server'
import type { ResourceDeclaration } from '../oauth/resource.js'
import type { AccessToken } from '../resource-server/access-token.js'

export type CallOutcome = 'ok' | 'refused' | 'failed'

/** One HTTP request and whom it acts for. The token itself is not in here: what tools do not have, they cannot leak. */
export interface McpCall {
  readonly accessToken: AccessToken
  /** For the request's log line. */
  readonly report: (outcome: CallOutcome, cause?: unknown) => void
}

export interface ServerDefinition {
  /**
   * Tools, prompts and resources named in here are checked for their scopes before anything is dispatched; others need a valid
   * token alone. What is hidden from a caller is taken off its server again, whatever `register` does.
   */
  readonly resource: ResourceDeclaration
  /** Name by which programs know the server (`serverInfo`). */
  readonly name: string
  readonly options: Pick<ServerOptions, 'capabilities' | 'cacheHints' | 'instructions' | 'requestState'>
  /** Puts everything on offer on a server instance that serves this one request; `notify` reaches open subscriptions of any. */
  register(server: McpServer, call: McpCall, notify: ServerNotifier): void
  /** Resolves when it can work; rejects with the reason when it cannot. */
  ready(): Promise<void>
}
