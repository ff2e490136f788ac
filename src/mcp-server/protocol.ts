/**
 * The MCP side: the SDK's handler with our tools on it. One stateless server instance per request serves revision 2026-07-28 and
 * the 2025 ones alike. Does not check tokens, scopes, Host or Origin: the app does, before anything gets here.
 */
import { type AuthInfo, createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { ResourceDeclaration } from '../oauth/resource.js'
import type { ToolCall } from './tool.js'
import { tools } from './tools/tools.js'

export interface McpProtocol {
  /** Serves one HTTP request whose body was parsed already (`undefined` for a request without a JSON body). */
  serve(request: Request, json: unknown, call: ToolCall): Promise<Response>
  /** Ends the exchanges that are still open. */
  close(): Promise<void>
}

const instructions =
  'Notes of the signed-in person. Find notes with search_notes or list_notes, read them with read_note. Ask before deleting.'

/** Every token sees the same list, so it may be kept for a while; it stays private because the URL is. */
const listCache = { ttlMs: 300_000, cacheScope: 'private' } as const

/** `onError` gets what the SDK reports on the side; most of it is about malformed requests. */
export function createMcpProtocol(
  resource: Pick<ResourceDeclaration, 'name' | 'description'>,
  version: string,
  onError: (error: Error) => void,
): McpProtocol {
  const serverInfo = { name: 'gatehouse-notes', title: resource.name, version }
  const options = { instructions, cacheHints: { 'tools/list': listCache, 'server/discover': listCache } }
  /** The SDK hands its AuthInfo through untouched: it is the handle by which a request finds its call. */
  const calls = new WeakMap<AuthInfo, ToolCall>()
  const handler = createMcpHandler(
    ({ authInfo }) => {
      const call = authInfo === undefined ? undefined : calls.get(authInfo)
      if (call === undefined) throw new Error('an MCP request arrived without its call')
      const server = new McpServer(serverInfo, options)
      for (const tool of tools) tool.register(server, call)
      return server
    },
    { onerror: onError },
  )
  return {
    serve: (request, json, call) => {
      const { clientId, scopes, expiresAt } = call.accessToken
      // The SDK and the tools have no use for the token itself, so they do not get it.
      const authInfo: AuthInfo = { token: '', clientId, scopes: [...scopes], expiresAt }
      calls.set(authInfo, call)
      return handler.fetch(request, { authInfo, ...(json !== undefined && { parsedBody: json }) })
    },
    close: () => handler.close(),
  }
}
