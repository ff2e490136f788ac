/** A tool call on the revision a client speaks: with a handshake before 2026-07-28, stateless since. */
import { type McpAnswer, readMcpAnswer } from '../support/mcp-request.js'
import { clientFetch } from './client-fetch.js'
import type { ClientShape } from './shape.js'

type Message = Readonly<Record<string, unknown>>

interface Caller {
  readonly url: string
  readonly token: string
  readonly shape: ClientShape
}

async function post({ url, token, shape }: Caller, message: Message, extra: Readonly<Record<string, string>>) {
  const headers = {
    accept: 'application/json, text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${token}`,
    ...extra,
  }
  return clientFetch(url, { method: 'POST', headers, body: JSON.stringify(message) }, shape.origin)
}

function callMessage(name: string, toolArguments: Message, meta?: Message): Message {
  const params = { name, arguments: toolArguments, ...(meta === undefined ? {} : { _meta: meta }) }
  return { jsonrpc: '2.0', id: 2, method: 'tools/call', params }
}

async function callStateless(caller: Caller, name: string, toolArguments: Message): Promise<McpAnswer> {
  const { revision } = caller.shape
  const headers = { 'mcp-protocol-version': revision, 'mcp-method': 'tools/call', 'mcp-name': name }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return readMcpAnswer(await post(caller, callMessage(name, toolArguments, meta), headers))
}

/** The `initialize` handshake (2025 revisions); the server must accept exactly the revision asked for. */
async function initialize(caller: Caller): Promise<Readonly<Record<string, string>>> {
  const { revision, name, sendsVersion } = caller.shape
  const params = { protocolVersion: revision, capabilities: {}, clientInfo: { name, version: '1.0.0' } }
  const response = await post(caller, { jsonrpc: '2.0', id: 1, method: 'initialize', params }, {})
  const session = response.headers.get('mcp-session-id')
  const { reply, status } = await readMcpAnswer(response)
  const agreed: unknown = reply?.result?.['protocolVersion']
  if (agreed !== revision) throw new Error(`initialize was answered ${status} with ${JSON.stringify(agreed)}`)
  // 2025-03-26 has no such header.
  const version = sendsVersion && revision !== '2025-03-26' ? { 'mcp-protocol-version': revision } : {}
  const headers: Record<string, string> = { ...version, ...(session === null ? {} : { 'mcp-session-id': session }) }
  const notified = await post(caller, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers)
  if (notified.status !== 202) throw new Error(`notifications/initialized was answered ${notified.status}`)
  return headers
}

export async function callTool(caller: Caller, name: string, toolArguments: Message = {}): Promise<McpAnswer> {
  if (caller.shape.revision === '2026-07-28') return callStateless(caller, name, toolArguments)
  const headers = await initialize(caller)
  return readMcpAnswer(await post(caller, callMessage(name, toolArguments), headers))
}
