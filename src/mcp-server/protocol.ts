/**
 * The MCP side: the SDK’s handler with a server definition on it. One stateless server instance per request serves revision
 * 2026-07-28 and the 2025 ones alike. Does not check tokens, scopes, Host or Origin: the app does, before anything gets here.
 */
import { type AuthInfo, createMcpHandler, type McpHttpHandler, McpServer } from '@modelcontextprotocol/server'
import type { McpCall, ServerDefinition } from './server-definition.js'

export interface McpProtocol {
  /** Serves one HTTP request whose body was parsed already (`undefined` for a request without a JSON body). */
  serve(request: Request, json: unknown, call: McpCall): Promise<Response>
  /** Ends the exchanges that are still open. */
  close(): Promise<void>
}

/** `onError` gets what the SDK reports on the side; most of it is about malformed requests. */
export function createMcpProtocol(
  definition: Omit<ServerDefinition, 'ready'>,
  version: string,
  onError: (error: Error) => void,
): McpProtocol {
  const serverInfo = { name: definition.name, title: definition.resource.name, version }
  /** The SDK hands its AuthInfo through untouched: it is the handle by which a request finds its call. */
  const calls = new WeakMap<AuthInfo, McpCall>()
  const handler: McpHttpHandler = createMcpHandler(
    ({ authInfo }) => {
      const call = authInfo === undefined ? undefined : calls.get(authInfo)
      if (call === undefined) throw new Error('an MCP request arrived without its call')
      const server = new McpServer(serverInfo, definition.options)
      definition.register(server, call, handler.notify)
      return server
    },
    { onerror: onError },
  )
  return {
    serve: (request, json, call) => {
      const { clientId, scopes, expiresAt } = call.accessToken
      // Neither the SDK nor the tools have a use for the token itself, so they do not get it.
      const authInfo: AuthInfo = { token: '', clientId, scopes: [...scopes], expiresAt }
      calls.set(authInfo, call)
      return handler.fetch(request, { authInfo, ...(json !== undefined && { parsedBody: json }) })
    },
    close: () => handler.close(),
  }
}
