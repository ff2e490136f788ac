/**
 * An MCP server definition, which the app mounts behind its guard. The notes are one. The tools, prompts and resources of any definition
 * get the same middleware, in every protocol revision.
 */
import type { McpServer, ServerNotifier, ServerOptions } from '@modelcontextprotocol/server'
import type { ResourceDeclaration } from '../oauth/resource.js'
import type { AccessToken } from '../resource-server/access-token.js'

export type CallOutcome = 'ok' | 'refused' | 'failed'

/** One HTTP request and its caller. It does not contain the token: tools cannot leak what they do not have. */
export interface McpCall {
  readonly accessToken: AccessToken
  /** For the request's log line. */
  readonly report: (outcome: CallOutcome, cause?: unknown) => void
}

export interface ServerDefinition {
  /**
   * The scopes of the tools, prompts and resources in it are checked before anything is dispatched; others only need a valid token.
   * Operations hidden from a caller are removed from its server instance, whatever `register` does.
   */
  readonly resource: ResourceDeclaration
  /** Name of the server for programs (`serverInfo`). */
  readonly name: string
  readonly options: Pick<ServerOptions, 'capabilities' | 'cacheHints' | 'instructions' | 'requestState'>
  /** Registers everything on a server instance that serves this request only; `notify` reaches all open subscriptions. */
  register(server: McpServer, call: McpCall, notify: ServerNotifier): void
  /** Resolves if it is operational; rejects with the reason otherwise. */
  ready(): Promise<void>
}
