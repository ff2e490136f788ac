import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCodeGrant, ClientSecretBasic, fetchUserInfo, refreshTokenGrant } from 'openid-client'
import { addConfidentialClient, readJson, startServer, type TestServer } from '../../authorization-server/server.js'
import { completeAuthorization, consent, isSignInPage, scopesOn, signIn } from '../../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../../support/browser.js'
import { operatorsRelyingParty, type RelyingParty, redirectUri, signInAt, startFlow } from './relying-party.js'

const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
const interactive = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code' as const],
  redirect_uris: [redirectUri],
}

/** Of the plans basic and dynamic: oidcc-claims-essential. */
describe.each(['jwt', 'opaque'] as const)(
  'Claims that a request names one by one (OpenID Connect Core §5.5), %s',
  (format) => {
    let server: TestServer
    let party: RelyingParty
    let firstParty: RelyingParty
    beforeAll(async () => {
      server = await startServer('embedded', { accessTokenFormat: format })
      await server.storage.prisma.account.updateMany({ data: { name: 'Ada Lovelace' } })
      const add = async (metadata: Readonly<Record<string, unknown>>) => {
        const { clientId, clientSecret } = await addConfidentialClient(server, { ...interactive, ...metadata })
        return operatorsRelyingParty(server, clientId, clientSecret, {}, ClientSecretBasic(clientSecret))
      }
      party = await add({})
      firstParty = await add({ consent: 'none' })
    })
    afterAll(() => server.close())

    /** What was returned where, and what the consent page offered. */
    const returned = async (
      claims: unknown,
      { allow, by = party, ...parameters }: { allow?: readonly string[]; by?: RelyingParty; scope?: string } = {},
    ) => {
      const { url, checks } = await startFlow(by, { ...parameters, claims: JSON.stringify(claims) })
      let offered: readonly string[] = []
      const callback = await completeAuthorization(server.newBrowser(), url.href, {
        account: server.account,
        allow: allow ?? 'all',
        reads: (page) => {
          offered = scopesOn(page)
            .map(({ name }) => name)
            .toSorted()
        },
      })
      const tokens = await authorizationCodeGrant(by.configuration, new URL(callback), checks)
      const userinfo = await fetchUserInfo(by.configuration, tokens.access_token, tokens.claims()?.sub ?? '')
      const about = (all: object | undefined) =>
        ['email', 'email_verified', 'name'].filter((name) => Object.hasOwn(all ?? {}, name))
      return { tokens, offered, idToken: about(tokens.claims()), userinfo: about(userinfo), scope: tokens.scope }
    }

    it('are returned where they were asked for, and nowhere else; the page asks as for the scope', async () => {
      const answer = await returned({ userinfo: { name: { essential: true } } })
      expect(answer).toMatchObject({ offered: ['openid', 'profile'], idToken: [], userinfo: ['name'], scope: 'openid' })
      const other = await returned({ id_token: { email: null }, userinfo: { name: null } })
      expect(other).toMatchObject({ offered: ['email', 'openid', 'profile'], idToken: ['email'], userinfo: ['name'] })
    })

    it('are the claims that were named, not all of their scope', async () => {
      const answer = await returned({ userinfo: { email_verified: null }, id_token: { email: null } })
      expect(answer).toMatchObject({ idToken: ['email'], userinfo: ['email_verified'] })
    })

    it('come on top of the scopes', async () => {
      const answer = await returned({ id_token: { name: null } }, { scope: 'openid email' })
      expect(answer).toMatchObject({
        idToken: ['email', 'email_verified', 'name'],
        userinfo: ['email', 'email_verified'],
      })
      expect(answer.scope).toBe('openid email')
    })

    it('are not returned when the person unticks their scope', async () => {
      const answer = await returned({ userinfo: { email: { essential: true }, name: null } }, { allow: ['profile'] })
      expect(answer).toMatchObject({ offered: ['email', 'openid', 'profile'], userinfo: ['name'], idToken: [] })
    })

    it('are returned with a token for the resource', async () => {
      const claims = { userinfo: { email: null }, id_token: { name: null } }
      const answer = await returned(claims, { scope: 'openid notes:read' })
      expect(answer).toMatchObject({ offered: ['email', 'notes:read', 'openid', 'profile'], idToken: ['name'] })
      // Such a token does not say what was asked where: userinfo gives all that was allowed.
      expect(answer.userinfo).toEqual(['email', 'name'])
      expect(answer.scope).toBe('openid notes:read')
    })

    it('stay what they were after a refresh', async () => {
      const { tokens } = await returned({ userinfo: { name: null }, id_token: { email: null } })
      const refreshed = await refreshTokenGrant(party.configuration, tokens.refresh_token ?? '')
      const sub = refreshed.claims()?.sub ?? ''
      expect(Object.keys(await fetchUserInfo(party.configuration, refreshed.access_token, sub))).toEqual([
        'sub',
        'name',
      ])
      expect(refreshed.claims()).toMatchObject({ email: server.account.email })
      expect(refreshed.claims()?.['name']).toBeUndefined()
    })

    it('are left out when they do not have the value they were asked for with', async () => {
      const asked = { email: { value: 'other@example.com' }, name: { values: ['Ada Lovelace', 'Ada King'] } }
      expect(await returned({ userinfo: asked, id_token: asked })).toMatchObject({
        idToken: ['name'],
        userinfo: ['name'],
      })
      const withScope = await returned({ userinfo: asked }, { scope: 'openid email' })
      expect(withScope.userinfo).toEqual(['email', 'email_verified', 'name'])
    })

    it('that do not exist are ignored, as are members and forms without a meaning', async () => {
      for (const claims of [
        {},
        { verified_claims: {}, userinfo: {} },
        { userinfo: { phone_number: { essential: true }, 'https://example.com/groups': null, __proto__: null } },
        { userinfo: { email: true, name: 'Ada' }, id_token: { sub: 'x', acr: true, email: ['a'] } },
      ]) {
        expect(await returned(claims)).toMatchObject({ offered: ['openid'], idToken: [], userinfo: [] })
      }
    })

    it('are given to a first-party client without asking', async () => {
      const answer = await returned({ userinfo: { name: null } }, { by: firstParty })
      expect(answer).toMatchObject({ offered: [], idToken: [], userinfo: ['name'] })
    })
  },
)

describe('Requests with claims that decide about the answer', () => {
  let server: TestServer
  let party: RelyingParty
  let sub: string
  beforeAll(async () => {
    server = await startServer('embedded')
    const { clientId, clientSecret } = await addConfidentialClient(server, interactive)
    party = await operatorsRelyingParty(server, clientId, clientSecret, {}, ClientSecretBasic(clientSecret))
    sub = (await signInAt(party, server.newBrowser())).claims()?.sub ?? ''
  })
  afterAll(() => server.close())

  type Parameters = Readonly<Record<string, string | undefined>>

  const open = async (browser: Browser, claims: unknown, parameters: Parameters = {}) => {
    const text = typeof claims === 'string' ? claims : JSON.stringify(claims)
    const { url } = await startFlow(party, { ...parameters, claims: text })
    return browser.open(url.href)
  }
  const answerOf = (arrival: Arrival) => {
    if ('page' in arrival) return arrival.page.heading
    const { searchParams } = new URL(arrival.left)
    return searchParams.get('error') ?? (searchParams.has('code') ? 'code' : 'nothing')
  }
  const consentAfter = async (browser: Browser, page: Page) =>
    consent(browser, pageOf(await signIn(browser, page, server.account)))

  it.each(['{', 'name', '[]', '"name"', 'null', '1', '{"userinfo":[]}', '{"id_token":"sub"}', '{"userinfo":null}'])(
    'malformed: %s is invalid_request at the authorization endpoint, pushed as well; without openid it is ignored',
    async (claims) => {
      expect(answerOf(await open(server.newBrowser(), claims))).toBe('invalid_request')
      expect(isSignInPage(pageOf(await open(server.newBrowser(), claims, { scope: 'notes:read' })))).toBe(true)
      const { url } = await startFlow(party, { claims })
      const { client_id: id, client_secret: secret } = party.configuration.clientMetadata()
      const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` }
      const pushed = await fetch(`${server.issuer}/par`, { method: 'POST', headers, body: url.searchParams })
      expect([pushed.status, (await readJson(pushed))['error']]).toEqual([400, 'invalid_request'])
    },
  )

  it('an empty one counts as left out', async () => {
    expect(isSignInPage(pageOf(await open(server.newBrowser(), '')))).toBe(true)
  })

  it('a subject: the session of that person answers, another session leads to the sign-in page, prompt=none to an error', async () => {
    const browser = server.newBrowser()
    const wanted = (subject: unknown) => ({ id_token: { sub: subject } })
    expect(answerOf(await consentAfter(browser, pageOf(await open(browser, wanted({ value: sub })))))).toBe('code')
    for (const subject of [{ value: sub }, { values: ['somebody', sub] }, { essential: true }, null]) {
      expect(answerOf(await open(browser, wanted(subject), { prompt: 'none' }))).toBe('code')
    }
    for (const subject of [{ value: 'somebody' }, { values: ['somebody', 'else'] }, { value: 1 }, { values: [] }]) {
      expect(answerOf(await open(browser, wanted(subject), { prompt: 'none' }))).toBe('login_required')
      expect(isSignInPage(pageOf(await open(browser, wanted(subject))))).toBe(true)
    }
  })

  it('a subject, or an id_token_hint: a sign-in as somebody else is login_required, and nobody is asked for consent', async () => {
    const other = await server.addAccount('other@example.com')
    const { id_token: hint = '' } = await signInAt(party, server.newBrowser())
    for (const parameters of [
      { claims: JSON.stringify({ id_token: { sub: { value: sub } } }) },
      { id_token_hint: hint },
    ]) {
      const { url } = await startFlow(party, parameters)
      const browser = server.newBrowser()
      const page = pageOf(await browser.open(url.href))
      expect(answerOf(await signIn(browser, page, other))).toBe('login_required')
      const again = server.newBrowser()
      expect(answerOf(await consentAfter(again, pageOf(await again.open(url.href))))).toBe('code')
    }
  })

  it('an essential acr that there is, or a voluntary one that there is not: the ID token says the true one', async () => {
    for (const acr of [
      { essential: true, value: password },
      { essential: true, values: ['phr', password] },
      { values: ['phr'] },
    ]) {
      const tokens = await signInAt(party, server.newBrowser(), { claims: JSON.stringify({ id_token: { acr } }) })
      expect(tokens.claims()?.['acr']).toBe(password)
    }
  })

  it.each([
    { essential: true, value: 'phrh' },
    { essential: true, values: ['phrh', 'urn:example:none'] },
    { essential: true, values: [] },
    { essential: true, value: password, values: ['phrh'] },
  ])('an essential acr that there is not is a failed authentication, before any page (§5.5.1.1): %j', async (acr) => {
    const claims = { id_token: { acr } }
    expect(answerOf(await open(server.newBrowser(), claims))).toBe('unmet_authentication_requirements')
    expect(answerOf(await open(server.newBrowser(), claims, { prompt: 'none' }))).toBe(
      'unmet_authentication_requirements',
    )
  })

  it('consent for claims counts as that for their scope, and not further', async () => {
    const browser = server.newBrowser()
    await signInAt(party, browser, { claims: JSON.stringify({ userinfo: { email: null } }) })
    expect(answerOf(await open(browser, { userinfo: { email: null } }, { prompt: 'none' }))).toBe('code')
    expect(answerOf(await open(browser, { userinfo: { name: null } }, { prompt: 'none' }))).toBe('consent_required')
    expect(answerOf(await open(browser, { userinfo: { name: null } }, { prompt: 'none', scope: 'notes:read' }))).toBe(
      'consent_required',
    )
  })

  it('the parameter is announced, with the claims that there are', () => {
    const metadata = party.configuration.serverMetadata()
    expect(metadata.claims_parameter_supported).toBe(true)
    expect(metadata.claims_supported).toEqual(expect.arrayContaining(['sub', 'name', 'email', 'email_verified', 'acr']))
  })
})
