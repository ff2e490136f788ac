/** What holds for any server definition behind the app: the conformance fixtures, and a tool that tells all it can see. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { z } from 'zod'
import type { ServerDefinition } from '../../src/mcp-host/server-definition.js'
import { fixtureServer } from '../conformance/fixtures/fixture-server.js'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

/** Everything a handler can reach of its request and its call, as text. */
function telltale(resourceUrl: string): ServerDefinition {
  const fixtures = fixtureServer(resourceUrl)
  return {
    ...fixtures,
    register: (server, call, notify) => {
      fixtures.register(server, call, notify)
      server.registerTool('tell_all', { description: 'Tells what it sees.' }, async ({ mcpReq, http }) => {
        const { _meta, envelope } = mcpReq
        const headers = [...(http?.req?.headers ?? [])]
        const seen = { _meta, envelope, headers, url: http?.req?.url, authInfo: http?.authInfo, call }
        return { content: [{ type: 'text', text: JSON.stringify(seen) }] }
      })
    },
  }
}

let server: McpTestServer
beforeAll(async () => {
  server = await startMcpTestServer({}, { define: telltale })
})
afterAll(() => server.close())

const replySchema = z.looseObject({
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.looseObject({ code: z.number() }).optional(),
})

/** A request of revision 2026-07-28. */
async function modern(
  method: string,
  params: Readonly<Record<string, unknown>>,
  token: string,
  headers: Readonly<Record<string, string>> = {},
) {
  const response = await server.post(
    {
      jsonrpc: '2.0',
      id: 1,
      method,
      params: {
        ...params,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': { elicitation: {} },
        },
      },
    },
    token,
    {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
      ...headers,
    },
  )
  return { response, ...replySchema.parse(await response.json()) }
}

const tokenOf = (clientId: string, scope = 'fixtures:use') => server.token(scope, 'user-1', { client_id: clientId })

describe('A server definition behind the app', () => {
  it('sees no token, in whatever it is given', async () => {
    const token = await tokenOf('client-1')
    const [header = '', payload = '', signature = ''] = token.split('.')
    const { result } = await modern('tools/call', { name: 'tell_all', arguments: {} }, token)
    const seen = JSON.stringify(result)
    expect(seen).toContain('client-1')
    for (const secret of [header, payload, signature]) expect(seen).not.toContain(secret)
    expect(seen.toLowerCase()).not.toContain('"authorization')
  })

  it('takes back request state only from the client it gave it to', async () => {
    const name = 'test_input_required_result_request_state'
    const { result } = await modern('tools/call', { name, arguments: {} }, await tokenOf('client-1'))
    expect(result).toMatchObject({ resultType: 'input_required', requestState: expect.any(String) })
    const again = {
      name,
      arguments: {},
      requestState: result?.['requestState'],
      inputResponses: { confirm: { action: 'accept', content: { ok: true } } },
    }
    const stolen = await modern('tools/call', again, await tokenOf('client-2'))
    expect(stolen.error?.code).toBe(-32602)
    expect(stolen.result).toBeUndefined()
    const own = await modern('tools/call', again, await tokenOf('client-1'))
    expect(JSON.stringify(own.result)).toContain('state-ok')
  })

  it('lists the same tools to every token and connection, privately', async () => {
    const tokens = [await tokenOf('client-1'), await tokenOf('client-1'), await tokenOf('client-2', '')]
    const lists = await Promise.all(tokens.map((token) => modern('tools/list', {}, token)))
    expect(lists[0]?.result).toMatchObject({ cacheScope: 'private', tools: expect.any(Array) })
    for (const { result } of lists) expect(result).toEqual(lists[0]?.result)
  })

  it('still wants the scope that its declaration names', async () => {
    const response = await server.post(toolCall('test_simple_text'), await tokenOf('client-1', 'other'))
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('fixtures:use')
  })

  it.each(['2026-07-28', 'legacy'])('ignores session ids and event ids in %s traffic', async (era) => {
    const token = await tokenOf('client-1')
    const headers = { 'mcp-session-id': 'a-session-of-somebody', 'last-event-id': '42' }
    const response =
      era === 'legacy'
        ? await server.post(toolCall('test_simple_text'), token, headers)
        : (await modern('tools/call', { name: 'test_simple_text', arguments: {} }, token, headers)).response
    expect(response.status).toBe(200)
    expect(response.headers.get('mcp-session-id')).toBeNull()
  })

  it('may repeat parameters in headers of its own naming, which browsers are let send (SEP-2243)', async () => {
    const preflight = (names: string) =>
      fetch(server.url, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://playground.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': names,
        },
      })
    const response = await preflight('authorization,mcp-param-region')
    const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    expect(allowed).toEqual(expect.arrayContaining(['authorization', 'mcp-param-region']))
    expect(response.headers.get('vary')?.toLowerCase()).toContain('access-control-request-headers')
    const token = await tokenOf('client-1')
    const call = { name: 'test_header_parameter', arguments: { region: 'north' } }
    expect((await modern('tools/call', call, token, { 'mcp-param-region': 'north' })).response.status).toBe(200)
    const differing = await modern('tools/call', call, token, { 'mcp-param-region': 'south' })
    expect([differing.response.status, differing.error?.code]).toEqual([400, -32020])
  })
})
