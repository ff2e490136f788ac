import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { startAuthorization } from '../support/oauth-client.js'
import { readJson, startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Record<string, unknown>
}

async function send(method: string, url: string, body: unknown, token?: string): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: response.status === 204 ? {} : await readJson(response),
  }
}

const register = (body: unknown) => send('POST', `${server.issuer}/register`, body)

/** Where an authorization request of the client ends: at the sign-in page, or at an error page. */
async function opens(clientId: unknown, redirectUri: string): Promise<number> {
  const endpoint = { issuer: server.issuer, authorization_endpoint: `${server.issuer}/authorize` }
  const request = { clientId: String(clientId), redirectUri, scope: 'notes:read', resource: server.resource }
  const { url } = startAuthorization({ token_endpoint: '', code_challenge_methods_supported: [], ...endpoint }, request)
  const arrival = await server.newBrowser().open(url)
  return 'page' in arrival ? arrival.page.status : 0
}

const publicNative = { application_type: 'native', token_endpoint_auth_method: 'none' }
const shapes: readonly (readonly [
  name: string,
  body: Record<string, unknown>,
  expected: Record<string, unknown>,
  later: string,
])[] = [
  [
    'Claude on the web, which declares the jwt-bearer grant',
    {
      client_name: 'Claude',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_post',
      scope: 'notes:read notes:write offline_access',
    },
    {
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      client_secret: expect.any(String),
    },
    'https://claude.ai/api/mcp/auth_callback',
  ],
  [
    'Claude Code, with a portless loopback redirect and no application_type',
    {
      client_name: 'Claude Code (notes)',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    publicNative,
    'http://localhost:53712/callback',
  ],
  [
    'Cursor, with three kinds of redirect, as web, with nulls and empty strings',
    {
      client_name: 'Cursor',
      application_type: 'web',
      client_uri: null,
      logo_uri: '',
      tos_uri: '',
      policy_uri: null,
      contacts: [],
      redirect_uris: [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    publicNative,
    'cursor://anysphere.cursor-mcp/oauth/callback',
  ],
  [
    'VS Code, with the device grant',
    {
      client_name: 'Visual Studio Code',
      client_uri: 'https://code.visualstudio.com',
      application_type: 'native',
      redirect_uris: [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
    },
    { ...publicNative, grant_types: ['authorization_code', 'refresh_token'] },
    'http://127.0.0.1:60123/',
  ],
  [
    'mcp-remote, with software_id and a scope of the resource',
    {
      client_name: 'MCP CLI Client',
      client_uri: 'https://github.com/modelcontextprotocol/mcp-cli',
      software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d',
      software_version: '0.15.1',
      redirect_uris: ['http://localhost:3334/oauth/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      scope: 'notes:read',
    },
    { ...publicNative, software_id: '2e6dc280-f3c3-4e01-99a7-8181dbd1d23d' },
    'http://localhost:3335/oauth/callback',
  ],
  [
    'Codex, with a path per run',
    {
      client_name: 'Codex',
      redirect_uris: ['http://127.0.0.1:1455/callback/a1b2'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    publicNative,
    'http://127.0.0.1:49152/callback/a1b2',
  ],
  [
    'a client on IPv6 loopback',
    { redirect_uris: ['http://[::1]:8080/cb'], token_endpoint_auth_method: 'none' },
    publicNative,
    'http://[::1]:9090/cb',
  ],
  [
    'a hosted client that says nothing but its redirect',
    { redirect_uris: ['https://mcp.docker.com/oauth/callback'] },
    {
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
    },
    'https://mcp.docker.com/oauth/callback',
  ],
  [
    'a client that sends members nobody knows',
    {
      redirect_uris: ['https://client.example/cb'],
      is_admin: true,
      introspects: 'http://localhost:4000/mcp',
      x: { y: 1 },
    },
    { application_type: 'web' },
    'https://client.example/cb',
  ],
]

describe('Dynamic client registration (RFC 7591): what real clients send', () => {
  it.each(shapes)('registers %s', async (_name, body, expected, later) => {
    const answer = await register(body)
    expect(answer.body).toMatchObject(expected)
    expect(answer.status).toBe(201)
    expect(answer.body).toMatchObject({
      client_id: expect.stringMatching(/^[\w-]{20,}$/),
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.any(String),
      registration_client_uri: expect.stringMatching(`^${server.issuer}/register/`),
    })
    expect(answer.body).not.toHaveProperty('scope')
    expect(answer.body).not.toHaveProperty('is_admin')
    expect(answer.body).not.toHaveProperty('introspects')
    expect(answer.headers.get('cache-control')).toMatch(/no-store/)
    expect(await opens(answer.body['client_id'], later)).toBe(200)
  })

  it('gives a public client no secret', async () => {
    const { body } = await register({
      redirect_uris: ['https://client.example/cb'],
      token_endpoint_auth_method: 'none',
    })
    expect(body).not.toHaveProperty('client_secret')
  })

  it('keeps to the path, host and query of a loopback redirect; only its port is free (RFC 8252 §7.3)', async () => {
    const { body } = await register({
      redirect_uris: ['http://127.0.0.1:7000/cb?x=1'],
      token_endpoint_auth_method: 'none',
    })
    expect(await opens(body['client_id'], 'http://127.0.0.1:7001/cb?x=1')).toBe(200)
    for (const other of ['http://127.0.0.1:7001/cb', 'http://127.0.0.1:7001/cb/?x=1', 'http://localhost:7000/cb?x=1']) {
      expect(await opens(body['client_id'], other)).toBe(400)
    }
  })

  it('lets nobody choose an id or a secret', async () => {
    const { body } = await register({
      redirect_uris: ['https://client.example/cb'],
      client_id: 'mine',
      client_secret: 'mine',
    })
    expect(body['client_id']).not.toBe('mine')
    expect(body['client_secret']).not.toBe('mine')
  })
})

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
      const answer = await register(body)
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
    const answer = await register(body)
    expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(/^invalid_/)])
    expect(answer.headers.get('cache-control')).toMatch(/no-store/)
  })

  it('a grant nobody offers, by leaving it out; a client left with none is refused', async () => {
    const { status } = await register({ ...web, grant_types: ['password', 'implicit'] })
    expect(status).toBe(400)
  })

  it('a body that is too large, at once', async () => {
    const started = performance.now()
    const { status } = await register({ ...web, client_name: 'x'.repeat(2_000_000) })
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
      '{"redirect_uris":["https://client.example/cb"],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
    )
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })
})

describe('Client configuration (RFC 7592)', () => {
  const registered = async () => {
    const { body } = await register({ ...web, client_name: 'Before' })
    return {
      url: String(body['registration_client_uri']),
      token: String(body['registration_access_token']),
      clientId: String(body['client_id']),
      secret: body['client_secret'],
    }
  }

  it('is read, replaced with a new token, and deleted', async () => {
    const client = await registered()
    const read = await send('GET', client.url, undefined, client.token)
    expect(read.body).toMatchObject({ client_id: client.clientId, client_name: 'Before', client_secret: client.secret })
    const update = { ...web, client_id: client.clientId, client_name: 'After' }
    const replaced = await send('PUT', client.url, update, client.token)
    expect(replaced.body).toMatchObject({ client_name: 'After', client_secret: client.secret })
    const renewed = String(replaced.body['registration_access_token'])
    expect(renewed).not.toBe(client.token)
    expect((await send('GET', client.url, undefined, client.token)).status).toBe(401)
    expect((await send('DELETE', client.url, undefined, renewed)).status).toBe(204)
    expect((await send('GET', client.url, undefined, renewed)).status).toBe(401)
    expect(await opens(client.clientId, 'https://client.example/cb')).toBe(400)
  })

  it('keeps to the same rules as registration', async () => {
    for (const bad of [
      { redirect_uris: ['http://evil.example/cb'] },
      { redirect_uris: ['cursor://x'] },
      { ...web, client_name: 'Claude\u202e' },
      { ...web, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
    ]) {
      const client = await registered()
      const answer = await send('PUT', client.url, { ...bad, client_id: client.clientId }, client.token)
      expect([answer.status, answer.body['error']]).toEqual([400, expect.stringMatching(/^invalid_/)])
      expect((await send('GET', client.url, undefined, client.token)).body['client_name']).toBe('Before')
    }
  })

  it('never makes a client one that introspects: that is the operator’s to say', async () => {
    const client = await registered()
    const update = { ...web, client_id: client.clientId, introspects: server.resource }
    const { body } = await send('PUT', client.url, update, client.token)
    expect(body).not.toHaveProperty('introspects')
    expect(JSON.stringify(await server.clients.find(client.clientId))).not.toContain('introspects')
  })

  it('is refused with a wrong token, none, or that of another client', async () => {
    const [client, other] = [await registered(), await registered()]
    for (const token of ['wrong', undefined, other.token]) {
      const answer = await send('GET', client.url, undefined, token)
      expect([400, 401]).toContain(answer.status)
      expect(JSON.stringify(answer.body)).not.toContain('Before')
    }
    // Used on a client it is not for, a token is taken for stolen.
    expect((await send('GET', other.url, undefined, other.token)).status).toBe(401)
    expect((await send('GET', client.url, undefined, client.token)).status).toBe(200)
  })

  it('does not take a client_id or a secret that differs', async () => {
    const client = await registered()
    for (const change of [{ client_id: 'other' }, { client_id: client.clientId, client_secret: 'other' }]) {
      expect((await send('PUT', client.url, { ...web, ...change }, client.token)).status).toBe(400)
    }
  })
})

describe('Registration from a web page (CORS)', () => {
  it.each([
    ['/register', 'POST', 'content-type'],
    ['/register', 'POST', 'content-type, mcp-protocol-version'],
    ['/register/some-client', 'PUT', 'authorization, content-type'],
    ['/token', 'POST', 'content-type, authorization, dpop'],
    ['/revoke', 'POST', 'content-type'],
  ])('preflight of %s for %s with %s', async (path, method, headers) => {
    const response = await fetch(`${server.issuer}${path}`, {
      method: 'OPTIONS',
      headers: {
        origin: 'http://localhost:6274',
        'access-control-request-method': method,
        'access-control-request-headers': headers,
      },
    })
    expect(response.ok).toBe(true)
    expect(response.headers.get('access-control-allow-origin')).toMatch(/^(\*|http:\/\/localhost:6274)$/)
    expect(response.headers.get('access-control-allow-methods')).toContain(method)
    const allowed = (response.headers.get('access-control-allow-headers') ?? '').toLowerCase()
    for (const name of headers.split(', ')) expect(allowed).toContain(name)
    expect(response.headers.get('access-control-allow-credentials')).toBeNull()
  })

  it('answers, errors as well, can be read by the page', async () => {
    for (const body of [web, {}]) {
      const response = await fetch(`${server.issuer}/register`, {
        method: 'POST',
        headers: { origin: 'https://client.example', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      expect(response.headers.get('access-control-allow-origin')).toBe('*')
    }
  })
})
