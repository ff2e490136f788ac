/** Clients that name themselves by URL, over real HTTPS on loopback: our own fetch, our own authority, the engine's rules and ours. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { type Answer, clientDocument, type DocumentHost, startDocumentHost } from '../support/document-host.js'
import { discoverServer, redeem, refresh, type ServerMetadata, startAuthorization } from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

let host: DocumentHost
let server: TestServer
let metadata: ServerMetadata

beforeAll(async () => {
  host = await startDocumentHost()
  server = await startServer('embedded', {
    untrustedFetch: host.untrustedFetch,
    clientHosts: { allowed: [], denied: ['denied.example', '*.denied.example'] },
  })
  metadata = await discoverServer(server.issuer)
})
afterAll(() => Promise.all([server.close(), host.close()]))

let paths = 0
let path = ''
beforeEach(() => {
  paths += 1
  path = `/oauth/client-${paths}.json`
})

function publish(changes: Readonly<Record<string, unknown>> = {}, answer: Partial<Answer> = {}): string {
  return host.publish(path, { body: clientDocument(`${host.origin}${path}`, changes), ...answer })
}

const redirectUri = 'http://127.0.0.1:53682/callback'

async function open(clientId: string, to = redirectUri, browser: Browser = server.newBrowser()) {
  const started = startAuthorization(metadata, { clientId, redirectUri: to, scope: 'notes:read', resource })
  return { ...started, browser, page: pageOf(await browser.open(started.url)) }
}

describe('Client ID metadata documents', () => {
  it('make a client that nobody registered, on any loopback port, and say whose host it names', async () => {
    const clientId = publish()
    const { page, browser, codeVerifier } = await open(clientId)
    expect(isSignInPage(page)).toBe(true)
    const asked = pageOf(await signIn(browser, page, server.account))
    expect(isConsentPage(asked)).toBe(true)
    // A public client on loopback: anybody can send a request in its name.
    expect(asked.text).toContain(`Not verified: it says that it comes from ${new URL(host.origin).host}`)
    const arrival = await consent(browser, asked)
    if (!('left' in arrival)) throw new Error('no redirect')
    const grant = { server: metadata, clientId, redirectUri, resource }
    const { tokens } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
    expect((await refresh(grant, tokens?.refresh_token ?? '')).status).toBe(200)
    expect(host.requests(path).length).toBe(1)
    expect(await server.clients.list()).toEqual([])
  })

  it('are fetched once by many that ask at the same time', async () => {
    const clientId = publish()
    const opened = await Promise.all(Array.from({ length: 10 }, () => open(clientId)))
    expect(opened.every(({ page }) => isSignInPage(page))).toBe(true)
    expect(host.requests(path).length).toBe(1)
  })

  it('are good for the redirects they list', async () => {
    const clientId = publish()
    for (const to of [
      'http://127.0.0.1:53682/other',
      'http://[::1]:53682/callback',
      'https://client.example/callback',
    ]) {
      expect((await open(clientId, to)).page.status).toBe(400)
    }
  })

  it('serve hosted clients too, with what we do not offer left out', async () => {
    const to = 'https://client.example/callback'
    const clientId = publish({
      redirect_uris: [to],
      response_types: ['code', 'token'],
      id_token_signed_response_alg: undefined,
    })
    expect(isSignInPage((await open(clientId, to)).page)).toBe(true)
  })

  it.each<[string, Readonly<Record<string, unknown>>, Partial<Answer>]>([
    ['names another client', { client_id: 'https://other.example/client.json' }, {}],
    ['names its client in another spelling', { client_id: 'https://CLIENT.example/client.json' }, {}],
    ['names no client', { client_id: undefined }, {}],
    ['holds a secret', { client_secret: 'secret' }, {}],
    ['authenticates by a shared secret', { token_endpoint_auth_method: 'client_secret_post' }, {}],
    ['redirects to plain http', { redirect_uris: ['http://client.example/callback'] }, {}],
    ['redirects to a script', { redirect_uris: ['javascript:alert(1)'] }, {}],
    ['redirects to an app nobody allowed', { redirect_uris: ['cursor://x'] }, {}],
    ['redirects nowhere', { redirect_uris: [] }, {}],
    ['has a name that turns the reading order', { client_name: 'Reader\u202e' }, {}],
    ['has a name with a NUL', { client_name: 'Reader\u0000' }, {}],
    ['is longer than 5 KiB', { client_uri: `https://client.example/${'x'.repeat(5_200)}` }, {}],
    ['is no JSON', {}, { body: '<html>' }],
    ['is a list', {}, { body: '[]' }],
    ['is empty', {}, { body: '' }],
    ['is compressed', {}, { headers: { 'content-encoding': 'gzip' } }],
    ['is elsewhere', {}, { status: 302, headers: { location: '/oauth/elsewhere.json' } }],
    ['is a web page', {}, { headers: { 'content-type': 'text/html' } }],
    ['says it is nothing', {}, { headers: { 'content-type': '' } }],
    ['is not modified, though nobody asked', {}, { status: 304 }],
    ['has no name', { client_name: undefined }, {}],
    ['has keys nobody may see', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }, {}],
    ['wants an algorithm we do not have', { id_token_signed_response_alg: 'none' }, {}],
    ['was created', {}, { status: 201 }],
    ['is missing', {}, { status: 404 }],
    ['is broken', {}, { status: 500 }],
  ])('that %s make no client', async (_what, changes, answer) => {
    host.publish('/oauth/elsewhere.json', { body: clientDocument(`${host.origin}${path}`) })
    const { page } = await open(publish(changes, answer))
    expect(page.status).toBe(400)
    expect(page.text).toContain('We could not check this program')
    expect(page.headers.get('location')).toBeNull()
    expect(host.requests('/oauth/elsewhere.json')).toEqual([])
  })

  it('do not make a borrowed name true', async () => {
    const { page, browser } = await open(publish({ client_name: 'Claude Code' }))
    const { text } = pageOf(await signIn(browser, page, server.account))
    expect(text).toContain(`This may not be Claude: it comes from ${new URL(host.origin).host}`)
    expect(text).not.toMatch(/Verified|known program/)
  })

  it('tell a stranger nothing about what can be reached from here (CVE-2026-1180)', async () => {
    const essence = (html: string) => html.replace(/[0-9a-f]{8}-[\w-]{27}/g, 'REQUEST')
    const unreachable = [
      `${host.origin}/oauth/missing.json`,
      'https://client.example:1/client.json',
      'https://private.example/client.json',
      'https://10.0.0.1/client.json',
      'https://169.254.169.254/latest/meta-data',
      publish({}, { body: 'root:x:0:0' }),
    ]
    const pages = []
    for (const clientId of unreachable) pages.push((await open(clientId)).page)
    expect(new Set(pages.map(({ status }) => status)).size).toBe(1)
    expect(new Set(pages.map(({ html }) => essence(html))).size).toBe(1)
    expect(pages[0]?.html).not.toMatch(/root:x|ECONNREFUSED|not public/)
  })

  it.each([
    'http://client.example/client.json',
    'https://client.example/../client.json',
    'https://ada@client.example/client.json',
    'https://client.example/client.json#x',
  ])('are not even looked for at %s', async (clientId) => {
    const before = host.connections()
    expect((await open(clientId)).page.status).toBe(400)
    expect(host.connections()).toBe(before)
  })

  it.each([
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f.1',
    '0177.0.0.1',
    '0.0.0.0',
    '[::1]',
    '[::ffff:127.0.0.1]',
    'client.example.',
    'CLIENT.example',
    '%63lient.example',
  ])('are not fetched from %s, in whatever spelling', async (name) => {
    const before = host.connections()
    const { port } = new URL(host.origin)
    expect((await open(`https://${name}:${port}/client.json`)).page.status).toBe(400)
    expect(host.connections()).toBe(before)
  })

  it('fail no request of ours, whatever they hold', () => {
    const failures = server.logLines
      .map((line) => JSON.parse(line))
      .filter(({ status, level }) => status >= 500 || level === 'error')
    expect(failures).toEqual([])
  })
})
