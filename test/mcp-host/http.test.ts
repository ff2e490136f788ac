import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { type McpTestServer, startMcpTestServer, toolCall } from './mcp-test-server.js'

let server: McpTestServer
let token: string

beforeAll(async () => {
  server = await startMcpTestServer({
    allowedOrigins: ['https://playground.example', 'chrome-extension://abcdefghijklmnop', 'vscode-webview://*'],
  })
  token = await server.token()
})
afterAll(() => server.close())

describe('protected resource metadata (RFC 9728 §3)', () => {
  it.each([
    ['/.well-known/oauth-protected-resource/mcp', '/mcp'],
    ['/.well-known/oauth-protected-resource/mcp/', '/mcp/'],
    ['/.well-known/oauth-protected-resource', '/mcp'],
    ['/.well-known/oauth-protected-resource/', '/mcp'],
  ])('at %s names the URL ending in %s, which its clients use', async (path, endpoint) => {
    const response = await fetch(server.origin + path)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toMatch(/^application\/json/)
    expect(response.headers.get('cache-control')).toBe('public, max-age=3600')
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toEqual({
      resource: server.origin + endpoint,
      authorization_servers: [server.issuer.issuer],
      scopes_supported: ['notes:read', 'notes:write'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'Ed25519'],
      resource_name: 'Gatehouse Notes',
    })
  })

  it('answers 304 to a client that has it', async () => {
    const url = `${server.origin}/.well-known/oauth-protected-resource/mcp`
    const etag = (await fetch(url)).headers.get('etag') ?? ''
    // Without the second header Node's fetch adds no-cache, which asks for the whole document.
    const headers = { 'if-none-match': etag, 'cache-control': 'max-age=0' }
    expect((await fetch(url, { headers })).status).toBe(304)
  })

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/openid-configuration',
    '/.well-known/oauth-protected-resource/other',
    '/.well-known/oauth-protected-resource/mcp/deeper',
    '/authorize',
    '/mcp/deeper',
    '/mcpx',
  ])('answers 404 with JSON at %s', async (path) => {
    const response = await fetch(server.origin + path)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ error: 'invalid_request' })
  })
})

describe('cross-origin requests', () => {
  it.each(['/mcp', '/.well-known/oauth-protected-resource/mcp'])(
    'answers the preflight of %s without a token',
    async (path) => {
      const response = await fetch(server.origin + path, {
        method: 'OPTIONS',
        headers: {
          origin: 'https://playground.example',
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'authorization,mcp-protocol-version, Traceparent,baggage,sentry-trace',
        },
      })
      expect(response.status).toBe(204)
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
      expect(response.headers.get('access-control-allow-methods')).toContain('POST')
      const allowed = response.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
      expect(allowed).toEqual(
        expect.arrayContaining([
          'authorization',
          'content-type',
          'mcp-protocol-version',
          'mcp-method',
          'mcp-name',
          'mcp-session-id',
          'last-event-id',
          'traceparent',
          'baggage',
          'sentry-trace',
        ]),
      )
    },
  )

  it('lets pages read the challenge of a 401', async () => {
    const response = await server.post(toolCall('whoami'), undefined, { origin: 'http://localhost:6274' })
    expect(response.status).toBe(401)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(response.headers.get('access-control-expose-headers')).toContain('WWW-Authenticate')
  })

  it.each([
    ['its own origin', () => server.origin],
    ['a loopback page', () => 'http://localhost:6274'],
    ['an IPv6 loopback page', () => 'http://[::1]:8080'],
    ['an allowed origin', () => 'https://playground.example'],
    ['an allowed origin in upper case', () => 'https://PLAYGROUND.example'],
    ['an allowed extension', () => 'chrome-extension://abcdefghijklmnop'],
    ['any host of an allowed scheme', () => 'vscode-webview://0a1b2c3d4e5f'],
  ])('serves %s', async (_name, origin) => {
    expect((await server.post(toolCall('whoami'), token, { origin: origin() })).status).toBe(200)
  })

  it.each([
    'https://evil.example',
    'null',
    'https://playground.example.evil.test',
    'http://playground.example',
    'https://localhost.evil.test',
    'file://',
    'not an origin',
  ])('refuses the origin %s with 403', async (origin) => {
    expect((await server.post(toolCall('whoami'), token, { origin })).status).toBe(403)
  })

  it('refuses a Host it does not answer for', async () => {
    const { port } = new URL(server.origin)
    const status = await new Promise((resolve, reject) => {
      const headers = { host: `evil.example:${port}` }
      const sent = httpRequest({ host: '127.0.0.1', port, path: '/mcp', method: 'POST', headers }, (response) => {
        resolve(response.statusCode)
        response.resume()
      })
      sent.on('error', reject).end()
    })
    expect(status).toBe(421)
  })
})

describe('request bodies', () => {
  it('refuses more than 1 MiB with 413', async () => {
    const response = await server.post(toolCall('create_note', { title: 't', body: 'x'.repeat(1_100_000) }), token)
    expect(response.status).toBe(413)
  })

  it.each([
    ['text that is not JSON', '{"jsonrpc":'],
    ['an empty body', ''],
    ['a body nested too deeply', '['.repeat(100_000) + ']'.repeat(100_000)],
  ])('answers %s with a JSON-RPC parse error', async (_name, body) => {
    const response = await server.post(body, token)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32700 }, id: null })
  })

  it.each(['null', '1', '"text"', '[]', '{}', '{"jsonrpc":"2.0","id":1,"method":"tools/call"}', '{"method":{}}'])(
    'survives the JSON %s',
    async (body) => {
      const response = await server.post(body, token)
      expect(response.status).toBeLessThan(500)
    },
  )

  it('answers another content type with 415', async () => {
    expect((await server.post('a=b', token, { 'content-type': 'text/plain' })).status).toBe(415)
  })

  it.each(['GET', 'DELETE'])('answers %s with 405: there are no sessions', async (method) => {
    const headers = { authorization: `Bearer ${token}`, accept: 'text/event-stream' }
    const response = await fetch(server.url, { method, headers })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST')
  })

  it('answers a notification with an empty 202', async () => {
    const response = await server.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, token)
    expect([response.status, await response.text()]).toEqual([202, ''])
  })
})

describe('health', () => {
  it.each(['/health/live', '/health/ready'])('%s is 200 on a migrated database', async (path) => {
    expect((await fetch(server.origin + path)).status).toBe(200)
  })
})
