/** An MCP server whose authorization server is somebody else's and has no registration: clients get in through the front. */
import { createServer, type Server } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createIssuerFront, type IssuerFrontOptions, serveFront } from '../../src/issuer-front/index.js'
import { createMcpApp } from '../../src/mcp-server/app.js'
import { notesServer } from '../../src/mcp-server/notes-server.js'
import { createTokenVerifier } from '../../src/mcp-server/token-verifier.js'
import type { Views } from '../../src/mcp-server/views.js'
import { systemClock } from '../../src/platform/clock.js'
import type { Database } from '../../src/platform/database.js'
import { createLogger } from '../../src/platform/log.js'
import { createOperatorFetch } from '../../src/platform/operator-fetch.js'
import { createPages, viewsFolder } from '../../src/platform/pages.js'
import { randomSecret } from '../../src/platform/secrets.js'
import { createIssuerDiscovery } from '../../src/resource-server/index.js'
import { type Browser, createBrowser } from '../support/browser.js'
import { openTestDatabase } from '../support/databases.js'
import { completeForeignAuthorization, type ForeignIssuer, startForeignIssuer } from '../support/foreign-issuer.js'
import { freePort } from '../support/free-port.js'
import { callThroughSdkV2, connectSdkV2, SdkV2Provider } from '../support/sdk-v2-client.js'

const challenge = 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'
const verifier = 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk'
const redirectUri = 'http://127.0.0.1:41575/callback'

let foreign: ForeignIssuer
let server: Server
let database: Database
let closeApp: () => Promise<void>
let origin: string
let resource: string
let offset = 0
const problems: string[] = []

beforeAll(async () => {
  const port = await freePort()
  origin = `http://localhost:${port}`
  resource = `${origin}/mcp`
  foreign = await startForeignIssuer(resource)
  database = await openTestDatabase('embedded', 'notes')
  const fetchFunction = createOperatorFetch({ timeoutMs: 2_000, maxBytes: 100_000 })
  const clock = { now: () => new Date(Date.now() + offset) }
  const options: IssuerFrontOptions = {
    issuer: origin,
    upstream: createIssuerDiscovery({ issuer: foreign.issuer, fetch: fetchFunction, clock }),
    registration: {
      url: foreign.adminUrl,
      headers: foreign.adminHeaders,
      members: { scope: 'notes:read notes:write' },
    },
    secret: randomSecret(),
    allowedPrivateUseRedirects: ['cursor://anysphere.cursor-mcp/oauth/callback'],
    registrationsPerHour: 40,
    fetch: fetchFunction,
    clock,
    report: (problem) => void problems.push(problem),
  }
  const { app, close } = createMcpApp({
    definition: notesServer(resource, database, systemClock),
    issuer: origin,
    verify: createTokenVerifier({
      issuer: foreign.issuer,
      audience: resource,
      fetch: fetchFunction,
      clock: systemClock,
    }),
    pages: createPages<Views>({ viewsFolder, productName: 'Gatehouse', accentColor: '#0b5cad' }),
    version: '0.0.0',
    log: createLogger('silent'),
    clock: systemClock,
    trustedProxies: [],
  })
  closeApp = close
  const [front, callback] = [serveFront(createIssuerFront(options)), app.callback()]
  server = createServer((request, response) => void front(request, response, () => void callback(request, response)))
  await new Promise<void>((resolve) => server.listen(port, 'localhost', resolve))
})
afterAll(async () => {
  await closeApp()
  await new Promise((resolve) => {
    server.close(resolve)
    server.closeAllConnections()
  })
  await database.close()
  await foreign.close()
})

const newBrowser = () => createBrowser([origin, foreign.issuer])

async function register(metadata: Record<string, unknown>) {
  const response = await fetch(`${origin}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  })
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  }
}

async function registered(metadata: Record<string, unknown> = {}): Promise<string> {
  const wanted = {
    client_name: 'Reader',
    redirect_uris: [redirectUri],
    token_endpoint_auth_method: 'none',
    ...metadata,
  }
  return String((await register(wanted)).body['client_id'])
}

function authorizeUrl(clientId: string, changes: Readonly<Record<string, string | undefined>> = {}): string {
  const parameters = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    state: 's1',
    scope: 'notes:read',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    resource,
    ...changes,
  }
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return `${origin}/authorize?${new URLSearchParams(given)}`
}

async function token(fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(`${origin}/token`, { method: 'POST', headers, body: new URLSearchParams(fields) })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

const complete = async (browser: Browser, clientId: string, changes = {}) =>
  new URL(await completeForeignAuthorization(browser, authorizeUrl(clientId, changes))).searchParams

describe('A client of an MCP server behind a foreign authorization server', () => {
  it('gets from the bare URL to a tool call, a step-up and a refresh, checking the issuer all the way', async () => {
    const provider = new SdkV2Provider(
      newBrowser(),
      { account: { email: '', password: '' } },
      completeForeignAuthorization,
    )
    const connection = await connectSdkV2(resource, provider, 'auto')
    expect(provider.requests[0]?.origin).toBe(origin)
    const created = await callThroughSdkV2(connection, provider, 'create_note', { title: 'Front', body: 'from afar' })
    expect(created.isError).not.toBe(true)
    const listed = await callThroughSdkV2(connection, provider, 'list_notes')
    expect(JSON.stringify(listed.structuredContent)).toContain('Front')
    await connection.client.close()
    // Upstream the client is one of its own, with one redirect URI for all clients.
    expect(foreign.clients.at(-1)).toMatchObject({
      client_name: 'SDK client',
      scope: 'notes:read notes:write',
      redirect_uris: [`${origin}/authorize/callback`],
    })
  })

  it('may use any loopback port, and a private scheme on the list, which the foreign server would refuse', async () => {
    const clientId = await registered({
      redirect_uris: ['http://localhost:1/cb', 'cursor://anysphere.cursor-mcp/oauth/callback'],
    })
    for (const uri of ['http://localhost:54321/cb', 'cursor://anysphere.cursor-mcp/oauth/callback']) {
      const left = await completeForeignAuthorization(newBrowser(), authorizeUrl(clientId, { redirect_uri: uri }))
      expect(left.startsWith(`${uri}?code=`)).toBe(true)
      const { searchParams } = new URL(left)
      expect([searchParams.get('iss'), searchParams.get('state')]).toEqual([origin, 's1'])
      const exchange = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: uri, resource }
      const answer = await token({ ...exchange, code: searchParams.get('code') ?? '', code_verifier: verifier })
      expect(answer).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'notes:read' } })
      const refresh = { grant_type: 'refresh_token', client_id: clientId, resource }
      const refreshed = await token({ ...refresh, refresh_token: String(answer.body['refresh_token']) })
      expect(refreshed).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
    }
  })

  it.each(['client_secret_basic', 'client_secret_post'])('may be confidential: %s', async (method) => {
    const { body } = await register({ redirect_uris: [redirectUri], token_endpoint_auth_method: method })
    expect(body).not.toHaveProperty('registration_access_token')
    expect(body).not.toHaveProperty('registration_client_uri')
    const clientId = String(body['client_id'])
    const secret = String(body['client_secret'])
    const code = (await complete(newBrowser(), clientId)).get('code') ?? ''
    const exchange = {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
      resource,
    }
    const basic = `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}`
    const answer = (given: string) =>
      method === 'client_secret_basic'
        ? token(exchange, { authorization: given === secret ? basic : 'Basic bm9ib2R5OndoYXQ=' })
        : token({ ...exchange, client_id: clientId, client_secret: given })
    expect(await answer('wrong')).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
    expect((await answer(secret)).status).toBe(200)
  })

  it('revokes through the front', async () => {
    const clientId = await registered()
    const code = (await complete(newBrowser(), clientId)).get('code') ?? ''
    const exchange = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri, code }
    const { body } = await token({ ...exchange, code_verifier: verifier, resource })
    const refreshToken = String(body['refresh_token'])
    const revoked = await fetch(`${origin}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ token: refreshToken, client_id: clientId }),
    })
    expect(revoked.status).toBe(200)
    expect(
      await token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken }),
    ).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    })
  })
})

describe('The front says', () => {
  it.each(['oauth-authorization-server', 'openid-configuration'])('who it is, correctly: %s', async (name) => {
    const response = await fetch(`${origin}/.well-known/${name}`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await response.json()).toMatchObject({
      issuer: origin,
      registration_endpoint: `${origin}/register`,
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
    })
    expect(JSON.stringify(await (await fetch(`${origin}/.well-known/${name}`)).json())).not.toContain(foreign.issuer)
  })

  it('to people where they will be sent, in words nobody can forge', async () => {
    const clientId = await registered({ client_name: '<b>Your Bank</b>' })
    const arrival = await newBrowser().open(authorizeUrl(clientId))
    if ('left' in arrival) throw new Error('nobody was asked')
    const { html, headers } = arrival.page
    expect(html).toContain('&#60;b&#62;Your Bank')
    expect(html).toContain('not verified')
    expect(html).toContain('a program on this computer (127.0.0.1)')
    expect(html).not.toMatch(/<script|<b>/)
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Lax/)
    const cancel = /<a href="([^"]+)" rel="noreferrer">Cancel/.exec(html)?.[1]?.replaceAll('&#38;', '&') ?? ''
    expect(Object.fromEntries(new URL(cancel).searchParams)).toEqual({
      error: 'access_denied',
      state: 's1',
      iss: origin,
    })
  })
})

describe('The front refuses', () => {
  it.each([
    ['a script', { redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri'],
    ['plain http elsewhere', { redirect_uris: ['http://client.example/cb'] }, 'invalid_redirect_uri'],
    ['another private scheme', { redirect_uris: ['evil://x/cb'] }, 'invalid_redirect_uri'],
    ['no redirect', {}, 'invalid_redirect_uri'],
    [
      'client credentials',
      { redirect_uris: [redirectUri], grant_types: ['client_credentials'] },
      'invalid_client_metadata',
    ],
    [
      'keys of its own',
      { redirect_uris: [redirectUri], token_endpoint_auth_method: 'private_key_jwt' },
      'invalid_client_metadata',
    ],
  ])('to register %s', async (_name, metadata, error) => {
    const before = foreign.clients.length
    expect(await register(metadata)).toMatchObject({ status: 400, body: { error } })
    expect(foreign.clients).toHaveLength(before)
  })

  it('what is no registration at all', async () => {
    for (const [type, body, status] of [
      ['application/json', '{', 400],
      ['application/json', '[]', 400],
      ['text/plain', '{}', 400],
      ['application/json', JSON.stringify({ client_name: 'x'.repeat(70_000) }), 413],
    ] as const) {
      const response = await fetch(`${origin}/register`, { method: 'POST', headers: { 'content-type': type }, body })
      expect(response.status).toBe(status)
    }
    expect((await fetch(`${origin}/register`)).status).toBe(405)
    expect((await fetch(`${origin}/register`, { method: 'OPTIONS' })).status).toBe(204)
  })

  it('takes what real clients send beside it: empty and null members, odd links, contacts that are none', async () => {
    const answer = await register({
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
      client_uri: '',
      logo_uri: null,
      contacts: [],
      scope: 'everything',
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
    })
    expect(answer.status).toBe(201)
    expect(foreign.clients.at(-1)).not.toHaveProperty('logo_uri')
    expect(foreign.clients.at(-1)).toMatchObject({ grant_types: ['authorization_code', 'refresh_token'] })
  })

  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['a client of the foreign server', { client_id: 'upstream' }],
    ['another redirect', { redirect_uri: 'http://127.0.0.1:41575/other' }],
    ['another host', { redirect_uri: 'https://evil.example/callback' }],
    ['no redirect', { redirect_uri: undefined }],
  ])('to send anybody anywhere for %s', async (_name, changes) => {
    const clientId = await registered()
    const known =
      'client_id' in changes && changes.client_id === 'upstream' ? String(foreign.clients[0]?.['client_id']) : clientId
    const response = await fetch(authorizeUrl(known, changes), { redirect: 'manual' })
    expect([response.status, response.headers.get('location')]).toEqual([400, null])
    expect(await response.text()).not.toContain('evil.example')
  })

  it.each([
    ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the implicit flow', { response_type: 'token' }, 'unsupported_response_type'],
    ['a request object', { request: 'x.y.z' }, 'request_not_supported'],
    ['form_post', { response_mode: 'form_post' }, 'invalid_request'],
  ])('%s, and tells the client', async (_name, changes, error) => {
    const response = await fetch(authorizeUrl(await registered(), changes), { redirect: 'manual' })
    const { searchParams } = new URL(response.headers.get('location') ?? '')
    expect(Object.fromEntries(searchParams)).toMatchObject({ error, state: 's1', iss: origin })
  })

  it('parameters given twice', async () => {
    const url = `${authorizeUrl(await registered())}&redirect_uri=https%3A%2F%2Fevil.example%2F`
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    expect(await token({ grant_type: 'password', client_id: await registered() })).toMatchObject({
      status: 400,
      body: { error: 'unsupported_grant_type' },
    })
  })

  it('an answer that another browser asked for, is too old, or comes from another issuer', async () => {
    const clientId = await registered()
    const browser = newBrowser()
    const arrival = await browser.open(authorizeUrl(clientId))
    if ('left' in arrival) throw new Error('nobody was asked')
    const link = /class="go" href="([^"]+)"/.exec(arrival.page.html)?.[1]?.replaceAll('&#38;', '&') ?? ''
    const state = new URL(link).searchParams.get('state') ?? ''
    const back = (iss: string | undefined) =>
      `${origin}/authorize/callback?${new URLSearchParams({ code: 'c', state, ...(iss === undefined ? {} : { iss }) })}`
    const statusOf = async (other: Browser, url: string) => {
      const there = await other.open(url)
      return 'left' in there ? there.left : there.page.status
    }
    expect(await statusOf(newBrowser(), back(foreign.issuer))).toBe(400)
    expect(await statusOf(browser, back('https://evil.example'))).toBe(400)
    expect(await statusOf(browser, back(undefined))).toBe(400)
    expect(await statusOf(browser, `${back(foreign.issuer)}&code=d`)).toBe(400)
    expect(await statusOf(browser, back(foreign.issuer).replace(/state=.{8}/, 'state=AAAAAAAA'))).toBe(400)
    expect(await statusOf(browser, back(foreign.issuer))).toContain(`${redirectUri}?code=c`)
    offset = 2 * 3_600_000
    expect(await statusOf(browser, back(foreign.issuer))).toBe(400)
    offset = 0
  })
})

describe('While the foreign server is down', () => {
  it('nobody is told that a client or a token is no good', async () => {
    const clientId = await registered()
    problems.length = 0
    foreign.outage(true)
    try {
      expect((await register({ redirect_uris: [redirectUri] })).status).toBe(503)
      const answer = await token({ grant_type: 'refresh_token', client_id: clientId, refresh_token: 'very-secret' })
      expect(answer).toMatchObject({ status: 503, body: { error: 'temporarily_unavailable' } })
      expect(problems.length).toBeGreaterThan(0)
      expect(problems.join()).not.toContain('very-secret')
    } finally {
      foreign.outage(false)
    }
    expect((await register({ redirect_uris: [redirectUri] })).status).toBe(201)
  })
})

describe('Too many registrations', () => {
  it('are turned away with 429 until the hour is over', async () => {
    const metadata = { redirect_uris: [redirectUri] }
    let last = await register(metadata)
    for (let round = 0; round < 45 && last.status === 201; round += 1) last = await register(metadata)
    expect(last.status).toBe(429)
    expect(last.headers.get('retry-after')).not.toBeNull()
    offset = 3_600_000
    expect((await register(metadata)).status).toBe(201)
    offset = 0
  })
})

describe('A front', () => {
  it.each([
    ['a path', { issuer: 'http://localhost:1/x' }],
    ['a short secret', { secret: 'short' }],
  ])('is not made with %s', (_name, changes) => {
    const options = { issuer: origin, secret: randomSecret(), fetch, clock: systemClock, ...changes }
    const upstream = { document: async () => ({}) }
    expect(() => createIssuerFront({ ...options, upstream, registration: { url: origin } })).toThrow(/front/)
  })
})
