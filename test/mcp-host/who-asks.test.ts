/** Nothing but the token of a request says who asks: no session, no request before it, no page that a person is sent to. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer
beforeAll(async () => {
  server = await startMcpTestServer()
})
afterAll(() => server.close())

const revisions = ['2025-03-26', '2025-06-18', '2025-11-25']

/** A client that would take any question of the server, by form and by URL. */
const capabilities = { elicitation: { form: {}, url: {} }, sampling: {}, roots: { listChanged: true } }

function initialize(revision: string): object {
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'test', version: '0.0.0' } }
  return { jsonrpc: '2.0', id: 0, method: 'initialize', params }
}

async function told(response: Response): Promise<string> {
  return `${JSON.stringify([...response.headers])} ${await response.text()}`
}

describe('A session (MCP 2025-11-25, session management)', () => {
  it.each(revisions)('is never opened: a handshake of %s gets no id', async (revision) => {
    const response = await server.post(initialize(revision), await server.token())
    expect(response.status).toBe(200)
    expect(response.headers.get('mcp-session-id')).toBeNull()
    expect(await told(response)).toContain('serverInfo')
  })

  it.each(revisions)('is no sign of who asks, after a handshake of %s with a good token', async (revision) => {
    const token = await server.token(undefined, 'owner')
    await server.post(initialize(revision), token)
    await server.post(toolCall('create_note', { title: `of ${revision}`, body: 'secret' }), token)
    for (const id of ['1', 'owner', '00000000-0000-4000-8000-000000000000']) {
      const session = { 'mcp-session-id': id, 'mcp-protocol-version': revision }
      for (const method of ['POST', 'GET', 'DELETE']) {
        const body = method === 'POST' ? JSON.stringify(toolCall('list_notes')) : null
        const headers = {
          accept: 'application/json, text/event-stream',
          'content-type': 'application/json',
          ...session,
        }
        expect((await fetch(server.url, { method, headers, body })).status).toBe(401)
      }
      const other = await server.post(toolCall('list_notes'), await server.token(undefined, 'other'), session)
      expect(other.status).toBe(200)
      expect(await told(other)).not.toContain(`of ${revision}`)
    }
    expect(await told(await server.post(toolCall('list_notes'), token))).toContain(`of ${revision}`)
  })
})

describe('A client that can be sent to a URL by a question (URL-mode elicitation)', () => {
  /** A call as 2026-07-28 sends it, saying that it can be asked anything. */
  function modernCall(name: string, token: string | undefined): Promise<Response> {
    const message = {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: {
        name,
        arguments: { id: 'x', title: 'x', body: 'x' },
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
        },
      },
    }
    const headers = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name }
    return server.post(message, token, headers)
  }

  it.each(['list_notes', 'create_note', 'delete_note'])('is authorized by challenges alone, for %s', async (name) => {
    const tokens = [[undefined, 401] as const, ['spoiled', 401] as const, [await server.token(''), 403] as const]
    for (const [token, status] of tokens) {
      const answers = [
        await modernCall(name, token),
        await server.post([toolCall(name)], token),
        await server.post(toolCall(name), token, { 'mcp-protocol-version': '2025-11-25' }),
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(status)
        expect(answer.headers.get('www-authenticate')).toContain('resource_metadata=')
        // Neither the question, nor the error of 2025-11-25 that stands for one (-32042).
        expect(await told(answer)).not.toMatch(/elicit|input_required|-32042/)
      }
    }
  })
})
