import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { type Grant, newGrant, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const redirectUri = 'https://www.client.example/cb?from=gatehouse'
const knownUrl = 'https://claude.ai/oauth/mcp-oauth-client-metadata'
const documents: Readonly<Record<string, string>> = {
  [knownUrl]: 'Claude',
  'https://client.example/metadata': 'Reader',
}

describe('An error before the person did anything, for a website that registered itself (RFC 9700 §4.11.2)', () => {
  let server: TestServer
  let grant: Grant
  let website: Grant
  beforeAll(async () => {
    server = await startServer('embedded', {
      untrustedFetch: async (url) =>
        Response.json({ client_id: url, client_name: documents[String(url)], redirect_uris: [redirectUri] }),
    })
    grant = await newGrant(server)
    const { client_id: clientId } = await register(grant.server, {
      client_name: 'Client Web',
      redirect_uris: [redirectUri],
    })
    website = { ...grant, clientId, redirectUri }
    const metadata = { client_id: 'ours', client_name: 'Ours', redirect_uris: [redirectUri] }
    await server.clients.save('ours', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
  })
  afterAll(() => server.close())

  const ask = (by: Grant, parameters: Record<string, string>, browser: Browser = server.newBrowser()) =>
    browser.open(startAuthorization(by.server, { ...by, scope: 'notes:read', parameters }).url)
  const wrong = { code_challenge_method: 'plain', state: 'state-1' }

  it('is a page that says whose site it is; from there the client gets its answer', async () => {
    const page = pageOf(await ask(website, wrong))
    expect([page.status, page.heading]).toEqual([400, 'The program asked in a way we cannot answer'])
    expect(page.text).toContain('Nobody here has checked that site')
    expect(page.text).toContain('Asked by Client Web')
    expect(page.headers.has('location')).toBe(false)
    const back = new URL(page.links.find(({ text }) => text === 'Go on to www.client.example')?.href ?? '')
    expect(back.origin + back.pathname).toBe('https://www.client.example/cb')
    expect(Object.fromEntries(back.searchParams)).toMatchObject({
      from: 'gatehouse',
      error: 'invalid_request',
      state: 'state-1',
      iss: server.issuer,
    })
  })

  it.each<[string, Record<string, string>]>([
    ['prompt=none comes with another value, which contradicts it', { prompt: 'none login' }],
    ['the answer goes into the fragment', { ...wrong, response_mode: 'fragment' }],
    ['the resource is unknown', { resource: 'https://other.example/mcp' }],
  ])('is held back, too, when %s', async (_when, parameters) => {
    const page = pageOf(await ask(website, parameters))
    expect(page.status).toBe(400)
    expect(page.links.some(({ href }) => /^https:\/\/www\.client\.example\/cb.*[?&#]error=/.test(href))).toBe(true)
  })

  it('is not held back for prompt=none: the client learns that a page is needed, and nobody is shown one', async () => {
    const arrival = await ask(website, { prompt: 'none', state: 'state-1' })
    const answer = new URL('left' in arrival ? arrival.left : 'none:').searchParams
    expect(Object.fromEntries(answer)).toMatchObject({ error: 'login_required', state: 'state-1', iss: server.issuer })
    // Anything else stays held back, whatever prompt says.
    expect(pageOf(await ask(website, { ...wrong, prompt: 'none' })).status).toBe(400)
    const elsewhere = await ask({ ...website, redirectUri: 'https://evil.example/cb' }, { prompt: 'none' })
    expect(pageOf(elsewhere).html).not.toContain('evil.example')
  })

  it('is not posted there by itself either', async () => {
    const page = pageOf(await ask(website, { ...wrong, response_mode: 'form_post' }))
    expect([page.status, page.forms]).toEqual([400, []])
    expect(page.html).not.toContain('client.example')
  })

  it('is held back for a metadata document of anybody, and not for one of a known product', async () => {
    const clientOf = (clientId: string) => ({ ...website, clientId })
    expect(pageOf(await ask(clientOf('https://client.example/metadata'), wrong)).status).toBe(400)
    expect(await ask(clientOf(knownUrl), wrong)).toHaveProperty('left')
  })

  it('goes at once to the operator’s own clients, and to programs on the person’s computer', async () => {
    expect(await ask({ ...website, clientId: 'ours' }, wrong)).toHaveProperty('left')
    expect(await ask(grant, wrong)).toHaveProperty('left')
  })

  it('goes at once when the person has decided', async () => {
    const browser = server.newBrowser()
    const first = pageOf(await ask(website, {}, browser))
    expect(isSignInPage(first)).toBe(true)
    const arrival = await browser.press(pageOf(await signIn(browser, first, server.account)), 'Deny')
    expect('left' in arrival && new URL(arrival.left).searchParams.get('error')).toBe('access_denied')
  })
})
