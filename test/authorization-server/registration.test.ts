import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { redirectKind } from '../../src/oauth/redirect-uri.js'
import { clientShapes } from '../clients/client-shapes.js'
import { opens, register } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

const web = { redirect_uris: ['https://client.example/cb'] }

type Row = readonly [name: string, body: Readonly<Record<string, unknown>>, later: string, authMethod: string]

/** Every client we know that registers itself, and a redirect it then uses. */
const realClients = clientShapes.flatMap(({ name, registration, redirectUri, authMethod }): Row[] =>
  registration.kind === 'dynamic' ? [[name, registration.body, redirectUri, authMethod]] : [],
)

const strangeClients: readonly Row[] = [
  [
    'a client on IPv6 loopback',
    { redirect_uris: ['http://[::1]:8080/cb'], token_endpoint_auth_method: 'none' },
    'http://[::1]:9090/cb',
    'none',
  ],
  ['a client that says nothing but its redirect', web, 'https://client.example/cb', 'client_secret_basic'],
  [
    'a client that sends members nobody knows',
    { ...web, is_admin: true, introspects: 'http://localhost:4000/mcp', x: { y: 1 } },
    'https://client.example/cb',
    'client_secret_basic',
  ],
]

describe('Dynamic client registration (RFC 7591)', () => {
  it.each([...realClients, ...strangeClients])('registers %s', async (_name, sent, later, authMethod) => {
    const { status, headers, body } = await register(server, sent)
    expect(body).toMatchObject({
      client_id: expect.stringMatching(/^[\w-]{20,}$/),
      client_id_issued_at: expect.any(Number),
      registration_access_token: expect.any(String),
      registration_client_uri: expect.stringMatching(`^${server.issuer}/register/`),
      redirect_uris: sent['redirect_uris'],
      grant_types: expect.arrayContaining(['authorization_code', 'refresh_token']),
      response_types: ['code'],
      token_endpoint_auth_method: authMethod,
      ...(sent['software_id'] === undefined ? {} : { software_id: sent['software_id'] }),
    })
    expect(status).toBe(201)
    expect(body['grant_types']).not.toContain('urn:ietf:params:oauth:grant-type:jwt-bearer')
    const isHosted =
      Array.isArray(sent['redirect_uris']) && sent['redirect_uris'].every((uri) => redirectKind(uri) === 'https')
    // Only a native client's loopback port is free, whatever the client called itself.
    if (!isHosted) expect(body['application_type']).toBe('native')
    for (const member of ['scope', 'is_admin', 'introspects']) expect(body).not.toHaveProperty(member)
    expect(body['client_secret']).toEqual(authMethod === 'none' ? undefined : expect.any(String))
    expect(headers.get('cache-control')).toMatch(/no-store/)
    expect(await opens(server, body['client_id'], later)).toBe(200)
  })

  it('gives a public client no secret', async () => {
    const { body } = await register(server, {
      redirect_uris: ['https://client.example/cb'],
      token_endpoint_auth_method: 'none',
    })
    expect(body).not.toHaveProperty('client_secret')
  })

  it('keeps to the path, host and query of a loopback redirect; only its port is free (RFC 8252 §7.3)', async () => {
    const { body } = await register(server, {
      redirect_uris: ['http://127.0.0.1:7000/cb?x=1'],
      token_endpoint_auth_method: 'none',
    })
    expect(await opens(server, body['client_id'], 'http://127.0.0.1:7001/cb?x=1')).toBe(200)
    for (const other of ['http://127.0.0.1:7001/cb', 'http://127.0.0.1:7001/cb/?x=1', 'http://localhost:7000/cb?x=1']) {
      expect(await opens(server, body['client_id'], other)).toBe(400)
    }
  })

  it('takes every other redirect as it is, port included (RFC 9700 §2.1)', async () => {
    const registered = 'https://localhost:7000/cb'
    const { body } = await register(server, { redirect_uris: [registered], token_endpoint_auth_method: 'none' })
    expect(await opens(server, body['client_id'], registered)).toBe(200)
    for (const other of [
      'https://localhost:7001/cb',
      'https://localhost/cb',
      'https://LOCALHOST:7000/cb',
      `${registered}?`,
    ]) {
      expect(await opens(server, body['client_id'], other)).toBe(400)
    }
  })

  it('ignores members it does not know, whatever they hold', async () => {
    const unknown = { x_note: '\u202e\u0007', is_admin: true, x_list: Array.from({ length: 500 }, () => ({ a: [1] })) }
    const { status, body } = await register(server, { ...web, ...unknown })
    expect(status).toBe(201)
    for (const name of Object.keys(unknown)) expect(body).not.toHaveProperty(name)
    expect(JSON.stringify(await server.clients.find(String(body['client_id'])))).not.toMatch(/x_note|is_admin|x_list/)
  })

  it('treats null and empty members as left out, the way to authenticate among them', async () => {
    const empty = { token_endpoint_auth_method: '', grant_types: null, response_types: [], jwks: null, software_id: '' }
    const { status, body } = await register(server, { ...web, ...empty, application_type: null })
    expect([status, body['token_endpoint_auth_method']]).toEqual([201, 'client_secret_basic'])
    expect(body).toMatchObject({
      client_secret: expect.any(String),
      grant_types: ['authorization_code', 'refresh_token'],
    })
  })

  it('lets nobody choose an id or a secret', async () => {
    const { body } = await register(server, {
      redirect_uris: ['https://client.example/cb'],
      client_id: 'mine',
      client_secret: 'mine',
    })
    expect(body['client_id']).not.toBe('mine')
    expect(body['client_secret']).not.toBe('mine')
  })
})

describe('Registration from a web page (CORS)', () => {
  it.each([
    ['/register', 'POST', 'content-type'],
    ['/register', 'POST', 'content-type, mcp-protocol-version'],
    ['/register/some-client', 'PUT', 'authorization, content-type'],
    ['/token', 'POST', 'content-type, authorization, dpop'],
    ['/revoke', 'POST', 'content-type'],
    // Tracing libraries add them to every call of a page.
    ['/register', 'POST', 'content-type, traceparent, tracestate, baggage, sentry-trace'],
    ['/register/some-client', 'DELETE', 'authorization, x-requested-with'],
    ['/token', 'POST', 'content-type, traceparent, sentry-trace'],
    ['/userinfo', 'GET', 'authorization, traceparent, x-datadog-trace-id'],
    ['/.well-known/oauth-authorization-server', 'GET', 'mcp-protocol-version, traceparent'],
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
