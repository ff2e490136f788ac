import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { clientShapes } from './client-shapes.js'
import { opens, register } from './registration-requests.js'
import { startServer, type TestServer } from './server.js'

let server: TestServer
beforeAll(async () => {
  server = await startServer('embedded')
})
afterAll(() => server.close())

const web = { redirect_uris: ['https://client.example/cb'] }

describe('Dynamic client registration (RFC 7591): what real clients send', () => {
  it.each(clientShapes)('registers %s', async (_name, body, expected, later) => {
    const answer = await register(server, body)
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
    expect(await opens(server, answer.body['client_id'], later)).toBe(200)
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
