/** What the client accepts, in every spelling (RFC 9110 §12.5.1), and the form of the answer that follows from it. */
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer
let token: string
beforeAll(async () => {
  server = await startMcpTestServer()
  token = await server.token()
})
afterAll(() => server.close())

interface Reply {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** Not `fetch`, which adds an Accept header of its own. */
function post(message: unknown, headers: Readonly<Record<string, string>>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers }
    const asked = request(server.url, { method: 'POST', headers: sent }, async (response) => {
      let body = ''
      for await (const chunk of response) body += String(chunk)
      resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body })
    })
    asked.once('error', reject).end(JSON.stringify(message))
  })
}

const current = {
  message: {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'whoami',
      arguments: {},
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
  headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'whoami' },
}
const of2025 = { message: toolCall('whoami'), headers: { 'mcp-protocol-version': '2025-06-18' } }

function messagesOf({ type, body }: Reply): unknown {
  if (type.startsWith('application/json')) return JSON.parse(body)
  const [data = '', ...others] = body.split('\n').filter((line) => line.startsWith('data:'))
  expect(others).toEqual([])
  return JSON.parse(data.slice('data:'.length))
}

describe.each([
  ['2026-07-28', current],
  ['2025-06-18', of2025],
])('a client of %s', (_revision, { message, headers }) => {
  it.each<[string, string | undefined, RegExp]>([
    ['nothing', undefined, /./],
    ['an empty list', '', /./],
    ['anything', '*/*', /./],
    ['both', 'application/json, text/event-stream', /./],
    ['both, the other way round, with weights', 'text/event-stream;q=0.9,application/json;q=1.0', /./],
    ['both in another case', 'Application/JSON, TEXT/Event-Stream', /./],
    ['both by kind', 'application/*, text/*', /./],
    ['JSON alone', 'application/json', /^application\/json/],
    ['JSON with a charset', 'application/json; charset=utf-8', /^application\/json/],
    ['JSON by kind', 'application/*', /^application\/json/],
    ['JSON, and no streams', 'application/json, text/event-stream;q=0', /^application\/json/],
    ['streams alone', 'text/event-stream', /^text\/event-stream/],
    ['streams and no JSON', 'application/json;q=0, text/event-stream', /^text\/event-stream/],
    ['anything but JSON', '*/*, application/json;q=0', /^text\/event-stream/],
    ['neither', 'text/plain', /./],
  ])('that accepts %s is served', async (_name, accept, type) => {
    const reply = await post(message, { ...headers, ...(accept !== undefined && { accept }) })
    expect([reply.status, reply.type]).toEqual([200, expect.stringMatching(type)])
    expect(messagesOf(reply)).toMatchObject({ jsonrpc: '2.0', id: 1, result: { structuredContent: {} } })
  })

  it('may write the type of its body in another case', async () => {
    const reply = await post(message, { ...headers, accept: '*/*', 'content-type': 'Application/JSON; Charset=UTF-8' })
    expect(reply.status).toBe(200)
  })
})

describe('answers without streams', () => {
  const ping = (id: number) => ({ jsonrpc: '2.0', id, method: 'ping' })

  it('are a list for a list, with every answer in it', async () => {
    const reply = await post([ping(1), ping(2)], { accept: 'application/json' })
    expect(reply.type).toMatch(/^application\/json/)
    const answers = JSON.parse(reply.body) as { id: number }[]
    expect(answers.map(({ id }) => id).sort()).toEqual([1, 2])
    expect(JSON.parse((await post([ping(7)], { accept: 'application/json' })).body)).toEqual([
      expect.objectContaining({ id: 7 }),
    ])
  })

  it('are errors too, and none for a notification', async () => {
    const unknown = await post({ jsonrpc: '2.0', id: 3, method: 'nothing/here' }, { accept: 'application/json' })
    expect(JSON.parse(unknown.body)).toMatchObject({ id: 3, error: { code: -32601 } })
    const told = { jsonrpc: '2.0', method: 'notifications/initialized' }
    expect(await post(told, { accept: 'application/json' })).toMatchObject({ status: 202, body: '' })
  })

  it('are 406 where the answer can only be a stream', async () => {
    const listen = {
      ...current.message,
      method: 'subscriptions/listen',
      params: { ...current.message.params, notifications: { toolsListChanged: true } },
    }
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'subscriptions/listen' }
    expect((await post(listen, { ...headers, accept: 'application/json' })).status).toBe(406)
  })
})
