/** Attacks that go around, past or between the parts of the authorization server. */
import { createConnection } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { createSetupLinks } from '../../src/authorization-server/accounts/setup-link.js'
import { createPasswordHasher } from '../../src/authorization-server/login/passwords.js'
import { randomSecret } from '../../src/base/secrets.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { type Grant, newGrant, obtainTokens, startAuthorization } from '../support/oauth-client.js'
import { readJson, startServer, type TestServer } from './server.js'

/** What a hostile host serves as its client's metadata document. */
const hostileDocument = async (clientId: string) => ({
  client_id: clientId,
  client_name: 'Reader',
  redirect_uris: ['https://client.example/cb'],
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [await exportJWK(keys.publicKey)] },
  introspects: 'http://localhost:4000/mcp',
})

let keys: Awaited<ReturnType<typeof generateKeyPair>>
let server: TestServer
let grant: Grant
beforeAll(async () => {
  keys = await generateKeyPair('ES256', { extractable: true })
  server = await startServer('embedded', {
    accessTokenFormat: 'opaque',
    untrustedFetch: async (url) => Response.json(await hostileDocument(String(url))),
  })
  grant = await newGrant(server)
})
afterAll(() => server.close())

const post = (path: string, fields: Readonly<Record<string, string>>) =>
  fetch(`${server.issuer}${path}`, { method: 'POST', body: new URLSearchParams(fields) })

const startOf = (parameters: Readonly<Record<string, string>> = {}) =>
  startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters }).url

describe('Endpoints under other spellings of their paths', () => {
  it.each(['/token/', '/TOKEN', '/tOkEn/'])('%s is the same unit of work as /token', async (path) => {
    const person = { account: server.account }
    const { refresh_token: refreshToken = '' } = await obtainTokens(grant, server.newBrowser(), person, 'notes:read')
    const refresh = async (parameters: Readonly<Record<string, string>>) =>
      post(path, { grant_type: 'refresh_token', client_id: grant.clientId, refresh_token: refreshToken, ...parameters })
    // Refused requests use nothing up, and a repeated refresh has the same successor: both are promises of the unit of work.
    expect((await refresh({ resource: 'http://other.example/' })).status).toBe(400)
    const successors = [await readJson(await refresh({})), await readJson(await refresh({}))]
    expect(successors[0]?.['refresh_token']).toEqual(expect.any(String))
    expect(successors[1]?.['refresh_token']).toBe(successors[0]?.['refresh_token'])
  })

  it.each(['//token', '/%74oken', '/token%2f', '/token/x'])('%s is nothing', async (path) => {
    expect((await post(path, { grant_type: 'refresh_token' })).status).toBe(404)
  })
})

describe('U+0000, which PostgreSQL cannot keep', () => {
  it.each(['client_id', 'redirect_uri', 'state', 'nonce', 'login_hint', 'ui_locales', 'display', 'scope', 'resource'])(
    'in %s of an authorization request is the request’s mistake',
    async (name) => {
      const url = new URL(startOf())
      url.searchParams.set(name, 'a\0b')
      expect((await fetch(url, { redirect: 'manual' })).status).toBe(400)
    },
  )

  it.each(['/token', '/revoke', '/introspect', '/par'])('in client_id at %s too', async (path) => {
    const fields = { client_id: 'a\0b', token: 'x', grant_type: 'refresh_token', refresh_token: 'x' }
    expect((await post(path, fields)).status).toBeLessThan(500)
  })

  it('in state of a pushed authorization request too', async () => {
    const fields = { ...Object.fromEntries(new URL(startOf()).searchParams), state: '\0' }
    expect((await post('/par', fields)).status).toBe(400)
  })

  it.each(['/logout?state=%00', '/logout?client_id=%00', '/logout/success?client_id=%00', '/setup?token=%00'])(
    'in %s too',
    async (path) => {
      expect((await fetch(`${server.issuer}${path}`, { redirect: 'manual' })).status).toBe(400)
    },
  )

  it.each([
    ['client_name', 400],
    // Only grouped by, so they are left out.
    ['software_id', 201],
    ['software_version', 201],
  ])('and half a surrogate pair in %s of a registration: %i', async (name, status) => {
    const redirects = '"redirect_uris":["https://client.example/cb"]'
    const body = `{${redirects},"${name}":"a\\ud800b"}`
    const headers = { 'content-type': 'application/json' }
    const response = await fetch(`${server.issuer}/register`, { method: 'POST', headers, body })
    const answer = await readJson(response)
    expect([response.status, answer['error'], answer[name]]).toEqual([
      status,
      status === 400 ? 'invalid_client_metadata' : undefined,
      undefined,
    ])
  })

  it('leaves no failure in the log', () => {
    expect(server.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })
})

describe('An authorization request that is posted', () => {
  it.each(['/par', '/device/authorize'])(
    'to %s is no longer than a URL may be: it is stored for a stranger',
    async (path) => {
      const fields = { ...Object.fromEntries(new URL(startOf()).searchParams), state: 'x'.repeat(17_000) }
      const answer = await post(path, fields)
      expect([answer.status, (await readJson(answer))['error']]).toEqual([413, 'invalid_request'])
      expect((await post('/par', { ...fields, state: 'x'.repeat(8_000) })).status).toBe(201)
    },
  )
})

describe('Parameters given twice (RFC 6749 §3.1)', () => {
  it('stay twice when the first is empty: a default never hides the second', async () => {
    const url = `${startOf().replace(/&scope=[^&]*/, '')}&scope=&scope=notes%3Adelete`
    const response = await fetch(url, { redirect: 'manual' })
    expect(new URL(response.headers.get('location') ?? '').searchParams.get('error')).toBe('invalid_request')
  })

  it('are one resource when they name one', async () => {
    const resource = encodeURIComponent(`${server.resource.toUpperCase().replace('/MCP', '/mcp')}/`)
    await fetch(`${startOf({ state: 'named-twice' })}&resource=${resource}`, { redirect: 'manual' })
    const started = await server.storage.prisma.ephemeralArtifact.findFirst({
      where: { model: 'Interaction', payload: { path: ['params', 'state'], equals: 'named-twice' } },
    })
    expect(started?.payload).toMatchObject({ params: { resource: server.resource } })
  })
})

describe('Clients that name themselves', () => {
  it.each([
    ['https://client.example/metadata', 200, { active: false }],
    ['HTTPS://client.example/metadata', 401, { error: 'invalid_client' }],
  ])('do not introspect by their metadata document %s', async (documentUrl, status, body) => {
    const { access_token: token } = await obtainTokens(grant, server.newBrowser(), { account: server.account })
    const assertion = await new SignJWT({ jti: randomSecret() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(documentUrl)
      .setSubject(documentUrl)
      .setAudience(server.issuer)
      .setExpirationTime('1m')
      .sign(keys.privateKey)
    const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
    const answer = await post('/introspect', { token, client_assertion: assertion, client_assertion_type: type })
    expect([answer.status, await readJson(answer)]).toEqual([status, expect.objectContaining(body)])
  })

  it.each([
    'javascript:alert(1)',
    'http://client.example/',
    'x:y',
    'https://client.example/\r\nX: 1',
    'https://u@client.example/',
  ])('cannot be sent to %j after a sign-out', async (uri) => {
    const response = await fetch(`${server.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://client.example/cb'], post_logout_redirect_uris: [uri] }),
    })
    expect(response.status).toBe(400)
  })
})

describe('A sign-in in progress', () => {
  it('ends with a new password: who passed the old one gets no further', async () => {
    const { id, ...account } = await server.addAccount('grace@example.com')
    const browser = server.newBrowser()
    const consentPage = pageOf(await signIn(browser, pageOf(await browser.open(startOf())), account))
    expect(isConsentPage(consentPage)).toBe(true)
    await server.accounts.setPasswordHash(id, await (await createPasswordHasher()).hash('quite another pass phrase'))
    await server.accounts.endAccess(id)
    expect(pageOf(await browser.press(consentPage, 'Allow')).status).toBe(400)
    expect(await server.storage.prisma.grant.count({ where: { accountId: id } })).toBe(0)
  })

  it('of another account goes on', async () => {
    const { id } = await server.addAccount('edsger@example.com')
    const browser = server.newBrowser()
    const consentPage = pageOf(await signIn(browser, pageOf(await browser.open(startOf())), server.account))
    await server.accounts.endAccess(id)
    expect(await browser.press(consentPage, 'Allow')).toHaveProperty('left')
  })
})

describe('The form of the set-up link', () => {
  it('is not opened by the proof of another form', async () => {
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(startOf()))
    const uid = new URL(page.url).pathname.split('/')[2] ?? ''
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const fields = { csrf, email: 'mallory@example.com', password: 'a long enough pass phrase' }
    expect(pageOf(await browser.post(`${server.issuer}/setup?token=${uid}`, fields)).status).toBe(403)
  })

  it('has no page once there is an account', async () => {
    expect(await createSetupLinks(server.storage).issue()).toBeUndefined()
    expect((await fetch(`${server.issuer}/setup?token=${randomSecret()}`)).status).toBe(404)
  })
})

describe('HTTP (RFC 9112)', () => {
  const raw = (text: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(server.issuer).port) })
      let answer = ''
      socket.setEncoding('utf8')
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.once('error', reject)
      socket.once('close', () => resolve(answer))
      socket.end(text)
    })

  it('refuses a second Host (§3.2)', async () => {
    const { host } = new URL(server.issuer)
    const head = `GET /jwks HTTP/1.1\r\nHost: ${host}\r\n`
    expect(await raw(`${head}Connection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await raw(`${head}Host: evil.example\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /)
  })

  it('takes a request that ends half-way for no failure of its own', async () => {
    const { host } = new URL(server.issuer)
    const type = 'Content-Type: application/x-www-form-urlencoded'
    await raw(`POST /token HTTP/1.1\r\nHost: ${host}\r\n${type}\r\nContent-Length: 100\r\n\r\ngrant_type=`)
    expect(server.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([])
    expect(server.logLines.at(-1)).toContain('"status":400')
  })

  it('keeps the page that posts an answer out of frames', async () => {
    const response = await fetch(startOf({ response_mode: 'form_post', prompt: 'none' }))
    expect(await response.text()).toContain('<form method="post"')
    expect(response.headers.get('x-frame-options')).toBe('DENY')
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  })
})
