/** What people allowed a client that is a URL: what they saw, what it changed since, and one grant for each of its installs. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { consent, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { clientDocument, type DocumentHost, startDocumentHost } from '../support/document-host.js'
import {
  discoverServer,
  type Grant,
  obtainTokens,
  redeem,
  refresh,
  revoke,
  type ServerMetadata,
  startAuthorization,
} from '../support/oauth-client.js'
import { resource, startServer, type TestServer } from './server.js'

const redirectUri = 'http://127.0.0.1:53682/callback'

let host: DocumentHost
let server: TestServer
let metadata: ServerMetadata

beforeAll(async () => {
  host = await startDocumentHost()
  server = await startServer('embedded', { untrustedFetch: host.untrustedFetch })
  metadata = await discoverServer(server.issuer)
})
afterAll(() => Promise.all([server.close(), host.close()]))

let paths = 0
let path = ''
let clientId = ''
beforeEach(() => {
  paths += 1
  path = `/changing-${paths}.json`
  clientId = `${host.origin}${path}`
})

function publish(changes: Readonly<Record<string, unknown>> = {}): void {
  host.publish(path, { body: clientDocument(clientId, changes) })
}

const grant = (): Grant => ({ server: metadata, clientId, redirectUri, resource })

interface Asked {
  readonly page: Page
  readonly browser: Browser
  readonly codeVerifier: string
}

/** Up to the consent page. */
async function ask(to = redirectUri, browser: Browser = server.newBrowser()): Promise<Asked> {
  const request = { clientId, redirectUri: to, scope: 'notes:read notes:write', resource }
  const { url, codeVerifier } = startAuthorization(metadata, request)
  let page = pageOf(await browser.open(url))
  if (isSignInPage(page)) page = pageOf(await signIn(browser, page, server.account))
  expect(isConsentPage(page)).toBe(true)
  return { page, browser, codeVerifier }
}

function codeIn(arrival: Arrival): string {
  if (!('left' in arrival)) throw new Error(`no redirect: ${arrival.page.text}`)
  return new URL(arrival.left).searchParams.get('code') ?? ''
}

/** Long enough for any document to be fetched again. */
const later = () => server.advance(2 * 86_400)

// First: the engine's clock stays behind, and an interaction of days ago is over.
describe('What is allowed', () => {
  it('is not what nobody was shown: a document that changes while its page is read is shown again', async () => {
    publish()
    const { page, browser, codeVerifier } = await ask()
    publish({ client_name: 'Not what you read' })
    server.advance(301)
    await ask()
    const shownAgain = pageOf(await consent(browser, page))
    expect(isConsentPage(shownAgain)).toBe(true)
    expect(shownAgain.text).toContain('Not what you read')
    expect(await server.storage.prisma.grant.count({ where: { clientId } })).toBe(0)
    const { tokens } = await redeem(grant(), codeIn(await consent(browser, shownAgain)), codeVerifier)
    expect(tokens?.scope).toBe('notes:read notes:write')
  })
})

describe('What was allowed before', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['name', { client_name: 'Another name' }],
    ['redirects', { redirect_uris: ['http://127.0.0.1/callback', 'https://client.example/callback'] }],
    ['website', { client_uri: 'https://client.example/other' }],
    ['policy', { policy_uri: 'https://client.example/policy' }],
    ['terms', { tos_uri: 'https://client.example/terms' }],
    ['keys', { jwks_uri: 'https://client.example/keys.json' }],
  ])('counts no more when the %s changed (CIMD draft §8.4)', async (_what, changes) => {
    publish()
    const before = await ask()
    expect(before.page.text).not.toContain('Allowed before')
    codeIn(await consent(before.browser, before.page))
    later()
    expect((await ask()).page.text).toContain('Allowed before')
    publish(changes)
    later()
    const after = await ask()
    expect(after.page.text).not.toContain('Allowed before')
    expect(scopesOn(after.page).map(({ name }) => name)).toEqual(['notes:read', 'notes:write'])
    codeIn(await consent(after.browser, after.page))
    expect((await ask()).page.text).toContain('Allowed before')
  })

  it('goes on when a redirect was taken back; new sign-ins cannot use it any more', async () => {
    publish()
    const tokens = await obtainTokens(grant(), server.newBrowser(), { account: server.account })
    publish({ redirect_uris: ['http://127.0.0.1/elsewhere'] })
    later()
    const { url } = startAuthorization(metadata, { clientId, redirectUri, resource })
    const refused = pageOf(await server.newBrowser().open(url))
    expect([refused.status, refused.text]).toEqual([400, expect.stringContaining('We will not send you there')])
    expect((await refresh(grant(), tokens.refresh_token ?? '')).status).toBe(200)
  })

  it('ends when the client no longer takes refresh tokens', async () => {
    publish()
    const { refresh_token: token = '' } = await obtainTokens(grant(), server.newBrowser(), { account: server.account })
    publish({ grant_types: ['authorization_code'] })
    later()
    await ask()
    const refused = await refresh(grant(), token)
    expect([refused.status, refused.tokens]).toEqual([400, undefined])
  })
})

describe('What the page says about such a client', () => {
  it('its host vouches for it; a redirect to another one is pointed out', async () => {
    const own = `${host.origin}/callback`
    publish({
      redirect_uris: [own, 'https://client.example/callback', 'https://elsewhere.example/callback'],
    })
    const same = (await ask(own)).page
    expect(same.text).toContain(`Verified: ${new URL(host.origin).host}`)
    expect(same.text).not.toContain('make sure that you know it')
    // Another port of that host may be somebody else's.
    for (const name of ['elsewhere.example', 'client.example']) {
      const other = (await ask(`https://${name}/callback`)).page
      expect(other.text).toContain(`Then you go to ${name}`)
      expect(other.text).toContain(`It is not ${new URL(host.origin).host}`)
      expect(other.text).toContain('make sure that you know it')
    }
  })

  it('its own links and pictures elsewhere prove nothing, and are not loaded', async () => {
    publish({
      client_uri: 'https://famous.example/',
      logo_uri: 'https://famous.example/logo.png',
      policy_uri: 'https://famous.example/policy',
    })
    const { page } = await ask()
    expect(page.text).not.toMatch(/Verified: famous|vouched for by famous/)
    expect(page.text).toContain('famous.example')
    expect(page.html).not.toMatch(/<img|logo\.png/)
  })
})

describe('Two installs of one client', () => {
  const twice = async () => {
    publish()
    const browser = server.newBrowser()
    const person = { account: server.account }
    return [await obtainTokens(grant(), browser, person), await obtainTokens(grant(), browser, person)] as const
  }

  it('of the same person: one signs off, the other goes on', async () => {
    const [one, other] = await twice()
    expect(await revoke(grant(), one.refresh_token ?? '')).toBe(200)
    expect((await refresh(grant(), one.refresh_token ?? '')).error).toBe('invalid_grant')
    expect((await refresh(grant(), other.refresh_token ?? '')).status).toBe(200)
  })

  it('one is stolen and found out, the other goes on', async () => {
    const [one, other] = await twice()
    const stolen = one.refresh_token ?? ''
    const next = (await refresh(grant(), stolen)).tokens?.refresh_token ?? ''
    // The thief uses what they got. Until then, the answer may have been lost, and the token is handed out again.
    expect((await refresh(grant(), next)).status).toBe(200)
    server.advance(21)
    expect((await refresh(grant(), stolen)).error).toBe('invalid_grant')
    expect((await refresh(grant(), next)).error).toBe('invalid_grant')
    expect((await refresh(grant(), other.refresh_token ?? '')).status).toBe(200)
  })
})
