import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { register } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

const web = { redirect_uris: ['https://client.example/cb'] }

describe('Dynamic client registration (RFC 7591): what is refused', () => {
  it.each([
    ['javascript:alert(1)'],
    ['JaVaScRiPt:alert(1)'],
    [' javascript:alert(1)'],
    ['java\tscript:alert(1)'],
    ['data:text/html,x'],
    ['file:///etc/passwd'],
    ['https://client.example/cb#fragment'],
    ['/cb'],
    [''],
    ['http://client.example/cb'],
    ['http://127.0.0.1.evil.example/cb'],
    ['http://2130706433/cb'],
    ['https://u:p@client.example/cb'],
    ['https://client.example\\@evil.example/cb'],
    ['https://*.client.example/cb'],
    ['https:client.example/cb'],
    ['cursor://x'],
    ['cursor://anysphere.cursor-mcp/oauth/callback/'],
    ['com.example.app:/cb'],
    [`https://client.example/${'x'.repeat(2_000)}`],
  ])('redirect_uri %j', async (redirectUri) => {
    for (const body of [
      { redirect_uris: [redirectUri] },
      { redirect_uris: ['https://client.example/cb', redirectUri], application_type: 'native' },
    ]) {
      const answer = await register(server, body)
      expect([answer.status, answer.body['error']]).toEqual([
        400,
        expect.stringMatching(/^invalid_(redirect_uri|client_metadata)$/),
      ])
      expect(JSON.stringify(answer.body)).not.toMatch(/evil|alert/)
    }
  })

  it.each<[string, unknown]>([
    ['no redirect_uris', {}],
    ['redirect_uris that are no list', { redirect_uris: 'https://client.example/cb' }],
    ['an empty list of redirect_uris', { redirect_uris: [] }],
    ['redirect_uris that are no text', { redirect_uris: [{ toString: 'x' }, 7, null] }],
    [
      'a thousand redirect_uris',
      { redirect_uris: Array.from({ length: 1_000 }, (_, n) => `https://client.example/${n}`) },
    ],
    ['21 redirect_uris', { redirect_uris: Array.from({ length: 21 }, (_, n) => `https://client.example/${n}`) }],
    ['a name that turns the reading order', { ...web, client_name: 'Claude\u202e' }],
    ['a name with a NUL', { ...web, client_name: 'Claude\u0000' }],
    ['a name with an escape', { ...web, client_name: 'Claude\u001b[31m' }],
    ['a name with zero-width characters', { ...web, client_name: 'Cla\u200bude' }],
    ['a name of 40 kB', { ...web, client_name: 'x'.repeat(40_000) }],
    ['a name that is no text', { ...web, client_name: { $ne: null } }],
    ['a NUL in any member', { ...web, client_uri: 'https://client.example/\u0000' }],
    [
      'a NUL in a member’s name of a key',
      { ...web, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'EC', kid: '\u0000' }] } },
    ],
    [
      'a public client with client_credentials',
      { ...web, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
    ],
    ['a confidential client with client_credentials alone', { ...web, grant_types: ['client_credentials'] }],
    ['an unknown way to authenticate', { ...web, token_endpoint_auth_method: 'tls_client_auth' }],
    ['unsigned ID tokens', { ...web, id_token_signed_response_alg: 'none' }],
    [
      'private keys',
      {
        ...web,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] },
      },
    ],
    ['a body that is no object', '[]'],
    ['a body that is no JSON', '{"redirect_uris"'],
    ['nothing', ''],
    ['a body 20,000 levels deep', `{"redirect_uris":${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
    [
      'another member 20,000 levels deep',
      `{"redirect_uris":["https://client.example/cb"],"jwks":${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}}`,
    ],
  ])('%s', async (_name, body) => {
    const answer = await register(server, body)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect(answer.headers.get('cache-control')).toMatch(/no-store/)
  })

  it('a grant nobody offers, by leaving it out; a client left with none is refused', async () => {
    const { status } = await register(server, { ...web, grant_types: ['password', 'implicit'] })
    expect(status).toBe(400)
  })

  it('a body that is too large, at once', async () => {
    const started = performance.now()
    const { status } = await register(server, { ...web, client_name: 'x'.repeat(2_000_000) })
    expect([400, 413]).toContain(status)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('forms, and members that would pollute', async () => {
    const form = await fetch(`${server.issuer}/register`, {
      method: 'POST',
      body: new URLSearchParams({ redirect_uris: 'x' }),
    })
    expect(form.status).toBe(400)
    await register(
      server,
      '{"redirect_uris":["https://client.example/cb"],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    )
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})
