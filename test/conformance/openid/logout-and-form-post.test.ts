import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { SignJWT, UnsecuredJWT } from 'jose'
import { authorizationCodeGrant } from 'openid-client'
import { addConfidentialClient, startServer, type TestServer } from '../../authorization-server/server.js'
import { isConsentPage, signIn } from '../../support/authorization.js'
import { pageOf } from '../../support/browser.js'
import {
  operatorsRelyingParty,
  type RelyingParty,
  redirectUri,
  registerRelyingParty,
  signInAt,
  startFlow,
} from './relying-party.js'

const signedOutUri = 'https://rp.example/signed-out'

/** Of the plan RP-initiated logout: bad, modified and missing hints, a session that is over. */
describe('A logout request (RP-Initiated Logout §2, §4)', () => {
  let server: TestServer
  let party: RelyingParty
  let operators: RelyingParty
  const fetched: string[] = []
  beforeAll(async () => {
    server = await startServer('embedded', {
      untrustedFetch: async (url) => {
        fetched.push(String(url))
        return Response.json({ client_id: url, client_name: 'Fetched', redirect_uris: [redirectUri] })
      },
    })
    party = await registerRelyingParty(server, { post_logout_redirect_uris: [signedOutUri] })
    const { clientId, clientSecret } = await addConfidentialClient(server, {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [signedOutUri],
    })
    operators = await operatorsRelyingParty(server, clientId, clientSecret)
  })
  afterAll(() => server.close())

  const logout = (parameters: Readonly<Record<string, string>>) =>
    `${server.issuer}/logout?${new URLSearchParams(parameters)}`
  const stranger = 'https://stranger.example/client'

  it.each<[string, () => Promise<string>]>([
    ['is unsigned', async () => new UnsecuredJWT({ aud: stranger, iss: server.issuer }).encode()],
    [
      'is signed with a key of its own',
      async () =>
        new SignJWT({ aud: stranger, iss: server.issuer, sub: 'x' })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode('a-key-of-somebody-else-entirely!')),
    ],
    [
      'is a real one whose audience was changed',
      async () => {
        const { id_token: hint = '' } = await signInAt(party, server.newBrowser())
        const [header, payload = '', signature] = hint.split('.')
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
        const changed = Buffer.from(JSON.stringify({ ...claims, aud: stranger })).toString('base64url')
        return [header, changed, signature].join('.')
      },
    ],
    ['is no token', async () => 'not-a-token'],
    [
      'is an access token, which the same keys sign',
      async () => (await signInAt(party, server.newBrowser(), { scope: 'openid notes:read' })).access_token,
    ],
  ])('is refused, and nobody is asked for anything, when its hint %s', async (_what, make) => {
    const page = pageOf(await server.newBrowser().open(logout({ id_token_hint: await make() })))
    expect([page.status, page.heading]).toEqual([400, 'The program asked in a way we cannot answer'])
    expect(fetched).toEqual([])
  })

  it('takes a hint whose ID token has expired, also one that an earlier key signed', async () => {
    const browser = server.newBrowser()
    const { id_token: hint = '' } = await signInAt(party, browser)
    server.advance(2 * 3_600)
    try {
      const page = pageOf(await browser.open(logout({ id_token_hint: hint, post_logout_redirect_uri: signedOutUri })))
      expect(page.heading).toBe('Sign out?')
    } finally {
      server.advance(-2 * 3_600)
    }
  })

  it('looks nobody up for the page after it', async () => {
    const page = pageOf(await server.newBrowser().open(`${server.issuer}/logout/success?client_id=${stranger}`))
    expect([page.status, page.heading, fetched]).toEqual([200, 'You are signed out', []])
  })

  it('leads on at once when nobody is signed in and the client is the operator’s; others get a page with a link', async () => {
    const hintOf = async (by: RelyingParty) => (await signInAt(by, server.newBrowser())).id_token ?? ''
    const to = { post_logout_redirect_uri: signedOutUri, state: 's' }
    const trusted = await server.newBrowser().open(logout({ id_token_hint: await hintOf(operators), ...to }))
    expect(trusted).toEqual({ left: `${signedOutUri}?state=s` })
    const page = pageOf(await server.newBrowser().open(logout({ id_token_hint: await hintOf(party), ...to })))
    expect([page.heading, page.html.includes('<script')]).toEqual(['You are signed out', false])
    expect(page.links.map(({ href }) => href)).toContain(`${signedOutUri}?state=s`)
  })
})

/** Of the plan form post basic. */
describe('An answer that is posted to the client (OAuth 2.0 Form Post Response Mode)', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer('embedded')
  })
  afterAll(() => server.close())

  it('is how a request object is refused that asks for it, with the state of the object (OpenID Connect Core §6.1)', async () => {
    const { clientId, clientSecret } = await addConfidentialClient(server, {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
    })
    const party = await operatorsRelyingParty(server, clientId, clientSecret)
    const asked = { response_mode: 'form_post', state: 'of-the-object', scope: 'openid' }
    const { url } = await startFlow(party, { request: new UnsecuredJWT(asked).encode() })
    url.searchParams.delete('state')
    const page = pageOf(await server.newBrowser().open(url.href))
    const fields = page.forms[0]?.fields.map(({ name, value }) => [name, value])
    expect(page.forms[0]?.action).toBe(redirectUri)
    expect(fields).toEqual(
      expect.arrayContaining([
        ['error', 'request_not_supported'],
        ['state', 'of-the-object'],
      ]),
    )
  })

  it('is a page of ours that works without scripts, and whose script its policy names by hash', async () => {
    const party = await registerRelyingParty(server)
    const browser = server.newBrowser()
    const { url, checks } = await startFlow(party, { response_mode: 'form_post', state: '"><b>&' })
    const consent = pageOf(await signIn(browser, pageOf(await browser.open(url.href)), server.account))
    expect(isConsentPage(consent)).toBe(true)
    const page = pageOf(await browser.press(consent, 'Allow'))
    expect([page.status, page.heading]).toEqual([200, 'One more step'])
    const [form] = page.forms
    expect([form?.method, form?.action, form?.buttons.map(({ text }) => text)]).toEqual([
      'POST',
      redirectUri,
      ['Continue'],
    ])
    const fields = Object.fromEntries((form?.fields ?? []).map(({ name, value }) => [name, value]))
    expect(fields).toMatchObject({ state: '"><b>&', iss: server.issuer, code: expect.any(String) })
    const scripts = [...page.html.matchAll(/<script>([^<]*)<\/script>/g)].map(([, text = '']) => text)
    const hashes = scripts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`)
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(hashes).toHaveLength(1)
    expect(policy.split('; ')).toEqual(expect.arrayContaining(["default-src 'none'", `script-src ${hashes[0]}`]))
    // Else browsers would post with `Origin: null`, which clients that look at it refuse.
    expect(page.headers.get('referrer-policy')).toBe('strict-origin')

    const request = new Request(redirectUri, { method: 'POST', body: new URLSearchParams(fields) })
    const tokens = await authorizationCodeGrant(party.configuration, request, checks)
    expect(tokens.claims()?.sub).toEqual(expect.any(String))
  })

  it('carries errors the same way, to the operator’s clients', async () => {
    const { clientId, clientSecret } = await addConfidentialClient(server, {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      redirect_uris: [redirectUri],
    })
    const party = await operatorsRelyingParty(server, clientId, clientSecret)
    const { url } = await startFlow(party, { response_mode: 'form_post', prompt: 'none' })
    const page = pageOf(await server.newBrowser().open(url.href))
    const fields = Object.fromEntries((page.forms[0]?.fields ?? []).map(({ name, value }) => [name, value]))
    expect([page.status, page.heading, fields['error']]).toEqual([200, 'One more step', 'login_required'])
  })
})
