/** One MCP request in plain fetch, as a stateless client of revision 2026-07-28 sends it. */
import { z } from 'zod'
import { parseChallenge } from '../../src/oauth/challenge.js'

const protocolVersion = '2026-07-28'

const replySchema = z.looseObject({
  result: z
    .looseObject({
      content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).optional(),
      structuredContent: z.record(z.string(), z.unknown()).optional(),
      isError: z.boolean().optional(),
      tools: z.array(z.looseObject({ name: z.string() })).optional(),
    })
    .optional(),
  error: z.looseObject({ code: z.number(), message: z.string() }).optional(),
})
export type McpReply = z.infer<typeof replySchema>

export interface McpAnswer {
  readonly status: number
  readonly headers: Headers
  /** Parameters of the challenge, when there is one. */
  readonly challenge: Readonly<Record<string, string | undefined>>
  /** The JSON-RPC reply; absent unless the status is 200. */
  readonly reply?: McpReply
}

/** The last message of an event stream, or the JSON body itself. */
function messageOf(contentType: string, body: string): unknown {
  if (!contentType.startsWith('text/event-stream')) return JSON.parse(body)
  const data = body.split('\n').filter((line) => line.startsWith('data:'))
  return JSON.parse(data.at(-1)?.slice(5) ?? '')
}

/** Sends one request; `token` undefined sends none. */
export async function mcpRequest(
  url: string,
  token: string | undefined,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<McpAnswer> {
  const name = params['name']
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': protocolVersion,
      'mcp-method': method,
      ...(typeof name === 'string' ? { 'mcp-name': name } : {}),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': protocolVersion,
          'io.modelcontextprotocol/clientCapabilities': {},
        },
      },
    }),
  })
  return readMcpAnswer(response)
}

/** Posts one message, or a batch, as a client of a 2025 revision does; 2025-03-26 has no version header yet. */
export function postLegacy(
  url: string,
  token: string | undefined,
  revision: string,
  message: unknown,
): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: {
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      ...(revision === '2025-03-26' ? {} : { 'mcp-protocol-version': revision }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(message),
  })
}

/** What came back for one request. */
export async function readMcpAnswer(response: Response): Promise<McpAnswer> {
  const challenge = parseChallenge(response.headers.get('www-authenticate') ?? '')?.parameters ?? {}
  const { status, headers } = response
  const body = await response.text()
  if (status !== 200) return { status, headers, challenge }
  return { status, headers, challenge, reply: replySchema.parse(messageOf(headers.get('content-type') ?? '', body)) }
}

/** Calls a tool. */
export function callTool(
  url: string,
  token: string | undefined,
  name: string,
  toolArguments: Readonly<Record<string, unknown>> = {},
): Promise<McpAnswer> {
  return mcpRequest(url, token, 'tools/call', { name, arguments: toolArguments })
}

/** The structured result of a call that must have worked. */
export function structured(answer: McpAnswer): Readonly<Record<string, unknown>> {
  const result = answer.reply?.result
  if (answer.status !== 200 || result === undefined || result.isError === true) {
    throw new Error(`the call failed with ${answer.status}: ${JSON.stringify(answer.reply ?? answer.challenge)}`)
  }
  return result.structuredContent ?? {}
}
