/**
 * The MCP protocol: the SDK’s handler with a server definition. One stateless server instance per request serves revision 2026-07-28 and
 * those of 2025. Does not check tokens, scopes, Host or Origin: the app does that before.
 */
import { type AuthInfo, createMcpHandler, type McpHttpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Operation } from '../resource-server/json-rpc.js'
import { hideUnseen } from '../resource-server/operation-lists.js'
import type { Operations } from '../resource-server/operations.js'
import type { McpCall, ServerDefinition } from './server-definition.js'

export interface McpProtocol {
  /**
   * Serves one HTTP request with a parsed body (`undefined` for a request without a JSON body). `hidden`: requested operations that are
   * hidden from the caller.
   */
  serve(request: Request, json: unknown, call: McpCall, hidden: readonly Operation[]): Promise<Response>
  /** Ends open exchanges. */
  close(): Promise<void>
}

/**
 * The operations on one request's server instance. A hidden resource may match a visible template, whose handler would serve it, so a
 * request for a hidden resource gets an instance without resources.
 */
function visible(operations: Operations, hidden: readonly Operation[]): Pick<Operations, 'sees' | 'hidesSome'> {
  if (!hidden.some(({ kind }) => kind === 'resource')) return operations
  return { hidesSome: true, sees: (token, asked) => asked.kind !== 'resource' && operations.sees(token, asked) }
}

/** `onError` gets errors that the SDK reports, most of them about malformed requests. */
export function createMcpProtocol(
  definition: Omit<ServerDefinition, 'ready'>,
  operations: Operations,
  version: string,
  onError: (error: Error) => void,
): McpProtocol {
  const serverInfo = { name: definition.name, title: definition.resource.name, version }
  /** The SDK passes the AuthInfo object through unchanged, so it serves as the key from a request to its call. */
  const calls = new WeakMap<AuthInfo, { readonly call: McpCall; readonly hidden: readonly Operation[] }>()
  const handler: McpHttpHandler = createMcpHandler(
    ({ authInfo }) => {
      const asked = authInfo === undefined ? undefined : calls.get(authInfo)
      if (asked === undefined) throw new Error('an MCP request arrived without its call')
      const server = new McpServer(serverInfo, definition.options)
      const { call, hidden } = asked
      hideUnseen(server, { operations: visible(operations, hidden), accessToken: call.accessToken })
      definition.register(server, call, handler.notify)
      return server
    },
    { onerror: onError },
  )
  return {
    serve: (request, json, call, hidden) => {
      const { clientId, scopes, expiresAt } = call.accessToken
      // Neither the SDK nor the tools need the token itself, so they do not get it.
      const authInfo: AuthInfo = { token: '', clientId, scopes: [...scopes], expiresAt }
      calls.set(authInfo, { call, hidden })
      return handler.fetch(request, { authInfo, ...(json !== undefined && { parsedBody: json }) })
    },
    close: () => handler.close(),
  }
}
