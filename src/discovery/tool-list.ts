/**
 * Lists the tools of an MCP server. Tries the revisions with a handshake (2025-03-26 to 2025-11-25) first, then 2026-07-28, which has none.
 * The token is sent to the MCP endpoint only.
 */
import { displayText } from '../base/display-text.js'
import type { GuardedAnswer, GuardedRequests } from '../outbound/guarded-request.js'
import { createEventMessages } from './event-messages.js'
import { isJsonObject, type JsonObject, jsonObject } from './json.js'

const handshakeRevision = '2025-11-25'
const revision = '2026-07-28'
const clientInfo = { name: 'gatehouse-discover', version: '1' }

/** Limit for a server that never stops returning further pages. */
const maxPages = 10
const maxTools = 200

export interface ToolList {
  /** Tool descriptions as the server sent them. */
  readonly tools: readonly JsonObject[]
  /** The server's own description, if it sent one. */
  readonly serverInfo: JsonObject
  /** True if the server has more tools than are listed. */
  readonly isCut: boolean
}

interface Reply {
  readonly answer: GuardedAnswer
  readonly message: JsonObject | undefined
}

type Ask = (
  method: string,
  params: JsonObject,
  options?: { readonly headers?: Readonly<Record<string, string>>; readonly isNotification?: boolean },
) => Promise<Reply>

function createAsk({ send }: GuardedRequests, url: string, token: string): Ask {
  let last = 0
  return async (method, params, { headers = {}, isNotification = false } = {}) => {
    last += 1
    const id = last
    const events = createEventMessages()
    let streamed: JsonObject | undefined
    const answer = await send({
      method: 'POST',
      url,
      headers: {
        accept: 'application/json, text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...(isNotification ? {} : { id }), method, params }),
      isEnough: (piece) => {
        streamed ??= events.push(piece).find((message) => message['id'] === id)
        return streamed !== undefined
      },
    })
    return { answer, message: streamed ?? jsonObject(answer.body) }
  }
}

/** The error that the server returned instead of a result. */
function refusalOf({ answer: { status }, message }: Reply): Error {
  if (status === 401 || status === 403) {
    return new Error(`the server refuses the token with status ${status}: leave it out to go on without tools`)
  }
  const error = message?.['error']
  const said =
    isJsonObject(error) && typeof error['message'] === 'string' ? `: ${displayText(error['message'], 200)}` : ''
  return new Error(`the server does not list its tools (status ${status})${said}`)
}

const resultOf = ({ message }: Reply): JsonObject | undefined => {
  const result = message?.['result']
  return isJsonObject(result) ? result : undefined
}

type Page = (cursor: JsonObject) => Promise<Reply>

async function allPages(page: Page, serverInfo: JsonObject): Promise<ToolList> {
  const tools: JsonObject[] = []
  let cursor: unknown
  for (let pages = 0; pages < maxPages; pages += 1) {
    const reply = await page(typeof cursor === 'string' ? { cursor } : {})
    const result = resultOf(reply)
    if (result === undefined) throw refusalOf(reply)
    const listed = result['tools']
    if (Array.isArray(listed)) tools.push(...listed.filter(isJsonObject))
    cursor = result['nextCursor']
    if (typeof cursor !== 'string' || tools.length > maxTools) break
  }
  return { tools: tools.slice(0, maxTools), serverInfo, isCut: typeof cursor === 'string' || tools.length > maxTools }
}

function withoutHandshake(ask: Ask): Promise<ToolList> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': clientInfo,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = { 'mcp-protocol-version': revision, 'mcp-method': 'tools/list' }
  return allPages((cursor) => ask('tools/list', { ...cursor, _meta: meta }, { headers }), {})
}

/** Throws an Error with the server's response if it is not a list, or UntrustedFetchError if there is none. */
export async function listTools(requests: GuardedRequests, url: string, token: string): Promise<ToolList> {
  const ask = createAsk(requests, url, token)
  const opening = await ask('initialize', { protocolVersion: handshakeRevision, capabilities: {}, clientInfo })
  const opened = resultOf(opening)
  const { status } = opening.answer
  if (status === 401 || status === 403) throw refusalOf(opening)
  if (opened === undefined) return withoutHandshake(ask)
  const { protocolVersion, serverInfo } = opened
  const session = opening.answer.headers.get('mcp-session-id')
  const headers = {
    // Revision 2025-03-26 has no such header, and servers ignore it.
    'mcp-protocol-version':
      typeof protocolVersion === 'string' && /^[\w-]{1,40}$/.test(protocolVersion)
        ? protocolVersion
        : handshakeRevision,
    ...(session !== null && { 'mcp-session-id': session }),
  }
  try {
    await ask('notifications/initialized', {}, { headers, isNotification: true })
    return await allPages(
      (cursor) => ask('tools/list', cursor, { headers }),
      isJsonObject(serverInfo) ? serverInfo : {},
    )
  } finally {
    const end = { method: 'DELETE', url, headers: { ...headers, authorization: `Bearer ${token}` } } as const
    // Best effort: not every server lets clients end a session.
    if (session !== null) await requests.send(end).catch(() => undefined)
  }
}
