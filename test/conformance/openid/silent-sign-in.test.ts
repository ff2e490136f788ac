import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { authorizationCodeGrant, ClientSecretBasic } from 'openid-client'
import { addConfidentialClient, startServer, type TestServer } from '../../authorization-server/server.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../../support/authorization.js'
import { type Arrival, type Browser, pageOf } from '../../support/browser.js'
import {
  operatorsRelyingParty,
  type RelyingParty,
  redirectUri,
  registerRelyingParty,
  signInAt,
  startFlow,
} from './relying-party.js'

const documentUrl = 'https://rp.example/client'
const interactive = {
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code' as const],
  redirect_uris: [redirectUri],
}

/** Of the basic plan: oidcc-prompt-none-logged-in, oidcc-prompt-none-not-logged-in, oidcc-id-token-hint. */
describe('Requests that are answered without a page (OpenID Connect Core §3.1.2.1, §3.1.2.6)', () => {
  let server: TestServer
  const parties = new Map<string, RelyingParty>()
  const party = (name: string) => {
    const found = parties.get(name)
    if (found === undefined) throw new Error(`no party ${name}`)
    return found
  }
  beforeAll(async () => {
    server = await startServer('embedded', {
      untrustedFetch: async (url) =>
        Response.json({
          client_id: url,
          client_name: 'By its URL',
          redirect_uris: [redirectUri, 'https://elsewhere.example/callback', 'http://127.0.0.1:4999/callback'],
          token_endpoint_auth_method: 'none',
        }),
    })
    const confidential = async (metadata: Readonly<Record<string, unknown>>) => {
      const { clientId, clientSecret } = await addConfidentialClient(server, { ...interactive, ...metadata })
      return operatorsRelyingParty(server, clientId, clientSecret, {}, ClientSecretBasic(clientSecret))
    }
    parties.set('confidential', await confidential({}))
    parties.set('remembered', await confidential({ consent: 'remembered' }))
    parties.set('first-party', await confidential({ consent: 'none' }))
    const metadata = { client_id: 'public', client_name: 'Public', ...interactive }
    await server.clients.save('public', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
    parties.set('public', await operatorsRelyingParty(server, 'public', undefined))
    parties.set('document', await operatorsRelyingParty(server, documentUrl, undefined))
    parties.set('itself', await registerRelyingParty(server, { consent: 'none' }))
  })
  afterAll(() => server.close())

  const ask = async (name: string, browser: Browser, parameters: Readonly<Record<string, string | undefined>> = {}) => {
    const { url, checks } = await startFlow(party(name), parameters)
    return { arrival: await browser.open(url.href), checks }
  }
  const answerOf = (arrival: Arrival) => {
    const { searchParams } = new URL('left' in arrival ? arrival.left : 'none:')
    return searchParams.get('error') ?? (searchParams.has('code') ? 'code' : 'no answer')
  }
  const silently = async (
    name: string,
    browser: Browser,
    parameters: Readonly<Record<string, string | undefined>> = {},
  ) => answerOf((await ask(name, browser, { prompt: 'none', ...parameters })).arrival)

  it.each(['confidential', 'public', 'document', 'itself', 'first-party'])(
    'nobody is signed in, and the client learns it by a redirect: %s',
    async (name) => {
      expect(await silently(name, server.newBrowser())).toBe('login_required')
    },
  )

  it.each(['confidential', 'document'])(
    'a client that the person did not let stay connected gets no refresh token without a page either: %s',
    async (name) => {
      const browser = server.newBrowser()
      const refreshTokenAfter = async (
        parameters: Readonly<Record<string, string>>,
        except: readonly string[] = [],
      ) => {
        const { arrival, checks } = await ask(name, browser, parameters)
        const page = 'left' in arrival ? undefined : arrival.page
        const asked =
          page !== undefined && isSignInPage(page) ? pageOf(await signIn(browser, page, server.account)) : page
        const left = asked === undefined ? arrival : await consent(browser, asked, { except })
        const { configuration } = party(name)
        const tokens = await authorizationCodeGrant(configuration, new URL('left' in left ? left.left : ''), checks)
        return tokens.refresh_token
      }
      const asking = { scope: 'openid offline_access', prompt: 'consent' }
      expect(await refreshTokenAfter(asking, ['offline_access'])).toBeUndefined()
      expect(await refreshTokenAfter({ scope: 'openid', prompt: 'none' })).toBeUndefined()
      expect(await refreshTokenAfter({ scope: 'openid' })).toBeUndefined()
      expect(await refreshTokenAfter(asking)).toBeDefined()
      expect(await refreshTokenAfter({ scope: 'openid', prompt: 'none' })).toBeDefined()
    },
  )

  it('tells nobody whether a certain person is signed in, or since when, unless that person allowed the client before', async () => {
    const browser = server.newBrowser()
    const sub = (await signInAt(party('itself'), browser)).claims()?.sub ?? ''
    const other = await registerRelyingParty(server, {})
    for (const maxAge of ['100000', '1']) {
      const { url } = await startFlow(other, { prompt: 'none', max_age: maxAge })
      expect(answerOf(await browser.open(url.href))).toBe('login_required')
    }
    for (const subject of [{ value: sub }, { values: [sub, 'somebody'] }, { value: 'somebody' }]) {
      const claims = JSON.stringify({ id_token: { sub: subject } })
      const { url } = await startFlow(other, { prompt: 'none', claims })
      expect(answerOf(await browser.open(url.href))).toBe('login_required')
      expect(await silently('remembered', browser, { claims })).toBe('login_required')
    }
  })

  it.each(['confidential', 'remembered', 'public', 'document'])(
    'a proven client gets a code for what was allowed before, and only for that: %s',
    async (name) => {
      const browser = server.newBrowser()
      const first = await signInAt(party(name), browser, { scope: 'openid email' })
      expect(await silently(name, browser, { scope: 'openid' })).toBe('code')
      const { arrival, checks } = await ask(name, browser, { prompt: 'none', scope: 'openid email' })
      const url = new URL('left' in arrival ? arrival.left : '')
      const again = await authorizationCodeGrant(party(name).configuration, url, checks)
      expect(again.claims()?.sub).toBe(first.claims()?.sub)
      // Of a client that also has loopback redirects the engine says interaction_required: both mean that a page is needed.
      const needsPage = /^(consent|interaction)_required$/
      expect(await silently(name, browser, { scope: 'openid profile' })).toMatch(needsPage)
      expect(await silently(name, browser, { scope: 'openid notes:read' })).toMatch(needsPage)
    },
  )

  it('each code is of a grant of its own: revoking one install leaves the other', async () => {
    const browser = server.newBrowser()
    await signInAt(party('confidential'), browser)
    const grants = async () => server.storage.prisma.grant.count()
    const before = await grants()
    expect(await silently('confidential', browser)).toBe('code')
    expect(await silently('confidential', browser)).toBe('code')
    expect(await grants()).toBe(before + 2)
    const events = await server.storage.prisma.auditEvent.findMany({ where: { type: 'consent.allowed' } })
    expect(events.filter(({ detail }) => JSON.stringify(detail).includes('standing consent')).length).toBeGreaterThan(1)
  })

  it('an id_token_hint of the person answers as well; one of somebody else does not', async () => {
    const browser = server.newBrowser()
    const { id_token: hint = '' } = await signInAt(party('confidential'), browser)
    expect(answerOf((await ask('confidential', browser, { id_token_hint: hint })).arrival)).toBe('code')
    const other = await server.addAccount('other@example.com')
    const stranger = server.newBrowser()
    const page = pageOf((await ask('confidential', stranger)).arrival)
    pageOf(await signIn(stranger, page, other))
    expect(await silently('confidential', stranger, { id_token_hint: hint })).toBe('login_required')
  })

  it('a client that registered itself is asked about each time, whatever it said of itself', async () => {
    const browser = server.newBrowser()
    await signInAt(party('itself'), browser)
    expect(await silently('itself', browser)).toBe('login_required')
    expect(isConsentPage(pageOf((await ask('itself', browser)).arrival))).toBe(true)
  })

  it.each(['https://elsewhere.example/callback', 'http://127.0.0.1:4999/callback'])(
    'a client that is a URL is proven on its own host alone, not at %s',
    async (elsewhere) => {
      const browser = server.newBrowser()
      await signInAt(party('document'), browser)
      expect(await silently('document', browser, { redirect_uri: elsewhere })).toBe('login_required')
    },
  )

  it('a consent page is shown to the others as before, and whenever the client asks for it', async () => {
    const browser = server.newBrowser()
    for (const name of ['confidential', 'first-party', 'remembered']) {
      const { url, checks } = await startFlow(party(name), { prompt: 'login consent' })
      const page = pageOf(await signIn(browser, pageOf(await browser.open(url.href)), server.account))
      expect(isConsentPage(page)).toBe(true)
      const callback = await browser.press(page, 'Allow')
      await authorizationCodeGrant(party(name).configuration, new URL('left' in callback ? callback.left : ''), checks)
    }
    expect(isConsentPage(pageOf((await ask('confidential', browser)).arrival))).toBe(true)
    expect(answerOf((await ask('remembered', browser)).arrival)).toBe('code')
    expect(answerOf((await ask('first-party', browser, { scope: 'openid email profile' })).arrival)).toBe('code')
  })

  it('a first-party client asks for the password alone; a remembered one for nothing more than that the second time', async () => {
    for (const [name, times] of [
      ['first-party', 1],
      ['remembered', 2],
    ] as const) {
      let last: Arrival | undefined
      for (let time = 0; time < times; time += 1) {
        const browser = server.newBrowser()
        const page = pageOf((await ask(name, browser, { scope: 'openid email profile' })).arrival)
        expect(isSignInPage(page)).toBe(true)
        last = await signIn(browser, page, server.account)
        if ('page' in last && isConsentPage(last.page) && time < times - 1)
          last = await browser.press(last.page, 'Allow')
      }
      expect(last === undefined ? 'nothing' : answerOf(last)).toBe('code')
    }
  })

  it('a sign-in that has become too old is asked for again, first-party or not (max_age)', async () => {
    const browser = server.newBrowser()
    await signInAt(party('first-party'), browser)
    await new Promise((resolve) => setTimeout(resolve, 2_100))
    expect(isSignInPage(pageOf((await ask('first-party', browser, { max_age: '1' })).arrival))).toBe(true)
    expect(await silently('first-party', browser, { max_age: '1' })).toBe('login_required')
    expect(await silently('first-party', browser, { max_age: '1000' })).toBe('code')
  })

  it('the values of prompt are announced', () => {
    expect(party('public').configuration.serverMetadata()['prompt_values_supported']).toEqual([
      'none',
      'login',
      'consent',
    ])
  })
})
