/** Group B, classes 23 to 29 and 42: decisions with more in them than the page had, out of turn, in another browser, or twice. */
import { expect } from '@jest/globals'
import { decodeJwt } from 'jose'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { poll, startDevice } from '../support/device-client.js'
import { type Grant, redeem, startAuthorization } from '../support/oauth-client.js'
import { countGrants, newClient, newDeviceClient, type Row, updateClient } from './pages-world.js'
import {
  answerAt,
  authorizationUrl,
  type Changes,
  consentPage,
  decisionOf,
  fieldOf,
  postStep,
  signInPage,
} from './server-world.js'

/** Posts the consent form with these changes, and expects the scopes of the token that comes of it. */
const tampered = (name: string, changes: Changes, granted = 'notes:read', source = 'RFC 6749 §3.3'): Row => ({
  id: 'B23',
  name: `a decision with ${name} grants what the page offered`,
  source,
  run: async (world) => {
    const browser = world.server.newBrowser()
    const started = startAuthorization(world.grant.server, { ...world.grant, scope: 'notes:read notes:write' })
    const page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), world.server.account))
    const fields = { ...decisionOf(page), ...changes }
    const decided = await postStep(browser, page, 'consent', fields)
    expect(decided.status).toBe(303)
    const arrival = await browser.open(new URL(decided.headers.get('location') ?? '', page.url).href)
    const { code = '' } = answerAt(arrival, world.grant.redirectUri)
    world.secrets.add(code).add(started.codeVerifier)
    const { tokens } = await redeem(world.grant, code, started.codeVerifier)
    const account = await world.server.accounts.findByEmail(world.server.account.email)
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({
      scope: granted,
      sub: account?.id,
      aud: world.server.resource,
      client_id: world.grant.clientId,
    })
  },
})

const decisions: readonly Row[] = [
  tampered('a scope that was not asked for', { scope: ['notes:read', 'notes:delete'] }),
  tampered('scopes of another resource and of none', { scope: ['notes:read', 'openid', 'admin', '*', 'notes:*'] }),
  tampered('all scopes in one field', { scope: ['notes:read', 'notes:read notes:write'] }),
  tampered('a scope twice', { scope: ['notes:read', 'notes:read'] }),
  tampered(
    'another person',
    { accountId: 'x', sub: 'x', account: 'x', email: 'eve@evil.example' },
    'notes:read',
    'CVE-2026-119128',
  ),
  tampered('another client and redirect', { client_id: 'website', redirect_uri: 'https://evil.example/' }),
  tampered('a grant of its own', { grantId: 'x', grant: 'x', result: '{"consent":{"grantId":"x"}}' }),
  tampered('another resource and audience', { resource: 'https://evil.example/', aud: 'https://evil.example/' }),
  tampered('members of every object', { ['__proto__']: 'x', constructor: 'x', 'scope[__proto__]': 'notes:delete' }),
  tampered('reading alone, though more is ticked', { decision: 'allow-read-only', scope: 'notes:write' }),
  ...(
    [
      ['no decision', { decision: undefined }],
      ['an empty decision', { decision: '' }],
      ['an unknown decision', { decision: 'yes' }],
      ['a decision in capitals', { decision: 'ALLOW' }],
      ['the hand-off, which a website is not offered', { decision: 'allow-hand-off' }],
    ] as const
  ).map(
    ([name, changes]): Row => ({
      id: 'B23',
      name: `${name}: nothing is allowed`,
      source: 'OWASP ASVS 10.7.2',
      run: async (world) => {
        const browser = world.server.newBrowser()
        const page = await consentPage(world, browser, {}, world.website)
        const before = await countGrants(world)
        const fields: Changes = { csrf: fieldOf(page, 'csrf'), scope: 'notes:read', ...changes }
        expect((await postStep(browser, page, 'consent', fields)).status).toBe(400)
        expect(await countGrants(world)).toBe(before)
      },
    }),
  ),
  {
    id: 'B23',
    name: 'a decision before anybody signed in is none',
    source: 'GHSA-rww4-4w9c-7733',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await signInPage(world, browser)
      const before = await countGrants(world)
      const fields = decisionOf(page)
      expect((await postStep(browser, page, 'consent', fields)).status).toBe(400)
      expect([isSignInPage(pageOf(await browser.open(page.url))), await countGrants(world)]).toEqual([true, before])
    },
  },
  {
    id: 'B23',
    name: 'a decision in a browser that did not ask for it is none',
    source: 'GHSA-rww4-4w9c-7733 (consent bound to the browser)',
    run: async (world) => {
      const [browser, attacker] = [world.server.newBrowser(), world.server.newBrowser()]
      const [page, theirs] = [await consentPage(world, browser), await consentPage(world, attacker)]
      const before = await countGrants(world)
      const decide = (by: Browser, csrf: string) => postStep(by, page, 'consent', { ...decisionOf(page), csrf })
      expect((await decide(attacker, fieldOf(page, 'csrf'))).status).toBe(400)
      expect((await decide(attacker, fieldOf(theirs, 'csrf'))).status).toBe(400)
      expect(pageOf(await attacker.open(page.url)).status).toBe(400)
      expect(await countGrants(world)).toBe(before)
    },
  },
  {
    id: 'B23',
    name: 'a device is allowed by the browser in which its code was entered, and by no other session',
    source: 'CVE-2026-45337',
    run: async (world) => {
      const device = await newDeviceClient(world)
      const { user_code: userCode, device_code: deviceCode } = await startDevice(device)
      world.secrets.add(deviceCode)
      const [browser, attacker] = [world.server.newBrowser(), world.server.newBrowser()]
      await consentPage(world, attacker)
      const entry = pageOf(await browser.open(`${world.server.issuer}/device`))
      const page = pageOf(await browser.press(entry, 'Continue', { user_code: userCode }))
      expect(isSignInPage(page)).toBe(true)
      expect(pageOf(await attacker.open(page.url)).status).toBe(400)
      const fields = decisionOf(page)
      expect((await postStep(attacker, page, 'consent', fields)).status).toBe(400)
      expect((await poll(device, deviceCode)).error).toBe('authorization_pending')
    },
  },
  ...['__proto__', 'constructor', 'toString', 'Consent', 'consent%2f', 'consent%00', '..%2fconsent'].map(
    (step): Row => ({
      id: 'B23',
      name: `the step ${step} does nothing`,
      source: 'CVE-2026-18963 (steps out of turn)',
      run: async (world) => {
        const browser = world.server.newBrowser()
        const page = await consentPage(world, browser)
        const before = await countGrants(world)
        const fields = decisionOf(page)
        expect([400, 404]).toContain((await postStep(browser, page, step, fields)).status)
        expect(await countGrants(world)).toBe(before)
      },
    }),
  ),
  {
    id: 'B23',
    name: 'a page that was shown to one person allows nothing as another, who signed in to the same request since',
    source: 'OWASP ASVS 10.7.2',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const other = await world.server.addAccount('other-tab@example.com')
      const asked = pageOf(await browser.press(page, 'Use another account'))
      const theirs = pageOf(await signIn(browser, asked, other))
      const before = await countGrants(world)
      const shown = pageOf(await browser.press(page, 'Allow'))
      expect([isConsentPage(shown), shown.text.includes(other.email)]).toEqual([true, true])
      expect(await countGrants(world)).toBe(before)
      expect(answerAt(await browser.press(theirs, 'Allow'), world.grant.redirectUri)['code']).toEqual(
        expect.any(String),
      )
    },
  },
  {
    id: 'B23',
    name: 'a client that gave itself another name while its page was read is shown again',
    source: 'RFC 7592 §2.2',
    run: async (world) => {
      const client = await newClient(world, { client_name: 'Weather' })
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser, {}, client)
      expect((await updateClient(client.registration, { client_name: 'Bank' })).status).toBe(200)
      const before = await countGrants(world)
      const shown = pageOf(await browser.press(page, 'Allow'))
      expect([isConsentPage(shown), shown.heading.includes('Bank')]).toEqual([true, true])
      expect(await countGrants(world)).toBe(before)
    },
  },
]
const repetitions: readonly Row[] = [
  {
    id: 'B24',
    name: 'a decision posted again gives no second code',
    source: 'RFC 9700 §4.7',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const cookie = browser.cookies.header(new URL(page.url)) ?? ''
      const arrival = await browser.press(page, 'Allow')
      expect(answerAt(arrival, world.grant.redirectUri)['code']).toEqual(expect.any(String))
      const before = await countGrants(world)
      // Once as the browser would, with the cookies it still has; once with those that were taken away from it.
      expect(pageOf(await browser.press(page, 'Allow')).status).toBe(400)
      const body = new URLSearchParams(decisionOf(page))
      const stale = await fetch(`${page.url}/consent`, {
        method: 'POST',
        body,
        headers: { cookie },
        redirect: 'manual',
      })
      expect([stale.status, await countGrants(world)]).toEqual([400, before])
    },
  },
  {
    id: 'B24',
    name: 'the way back to the client, taken again with all cookies, gives no second code',
    source: 'RFC 9700 §4.7',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const fields = decisionOf(page)
      const decided = await postStep(browser, page, 'consent', fields)
      const resume = new URL(decided.headers.get('location') ?? '', page.url)
      const headers = { cookie: browser.cookies.header(resume) ?? '' }
      const answers: Response[] = []
      for (let times = 0; times < 3; times += 1) answers.push(await fetch(resume, { redirect: 'manual', headers }))
      expect(answers[0]?.headers.get('location')).toMatch(/[?&]code=/)
      for (const again of answers.slice(1)) {
        expect(again.status).toBeGreaterThanOrEqual(400)
        expect(again.headers.get('location')).toBeNull()
      }
    },
  },
  {
    id: 'B24',
    name: 'the back button after a decision says that it was made',
    source: 'OWASP ASVS 7.2.1',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      await browser.press(page, 'Allow')
      const again = pageOf(await browser.open(page.url))
      expect([again.status, isConsentPage(again), isSignInPage(again)]).toEqual([400, false, false])
    },
  },
  {
    id: 'B24',
    name: 'a sign-in does not become a decision when its form is posted to another step',
    source: 'CVE-2026-18963 (steps out of turn)',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await consentPage(world, browser)
      const { email, password } = world.server.account
      const before = await countGrants(world)
      const again = await postStep(browser, page, 'sign-in', { csrf: fieldOf(page, 'csrf'), email, password })
      expect([again.status, again.headers.get('location')]).toEqual([303, new URL(page.url).pathname])
      expect(await countGrants(world)).toBe(before)
    },
  },
  ...(
    [
      ['Deny', {}],
      ['Allow with nothing ticked', { 'scope=notes:read': false }],
    ] as const
  ).map(
    ([button, entries]): Row => ({
      id: 'B29',
      name: `${button} is access_denied with state and iss, and leaves no grant`,
      source: 'RFC 6749 §4.1.2.1',
      run: async (world) => {
        const browser = world.server.newBrowser()
        const page = await consentPage(world, browser)
        const before = await countGrants(world)
        const arrival = await browser.press(page, button.split(' ')[0] ?? '', entries)
        const answer = answerAt(arrival, world.grant.redirectUri)
        expect(answer).toMatchObject({ error: 'access_denied', state: 'state-1', iss: world.server.issuer })
        expect([answer['code'], await countGrants(world)]).toEqual([undefined, before])
      },
    }),
  ),
  {
    id: 'B29',
    name: 'Deny by somebody who is not signed in is the same',
    source: 'RFC 6749 §4.1.2.1',
    run: async (world) => {
      const browser = world.server.newBrowser()
      const page = await signInPage(world, browser)
      const cancelled = await postStep(browser, page, 'cancel', { csrf: fieldOf(page, 'csrf') })
      const arrival = await browser.open(new URL(cancelled.headers.get('location') ?? '', page.url).href)
      expect(answerAt(arrival, world.grant.redirectUri)).toMatchObject({ error: 'access_denied', state: 'state-1' })
    },
  },
  {
    id: 'B42',
    name: 'three tabs with three clients, answered in another order, each get their own answer',
    source: 'RFC 9700 §4.7',
    run: async (world) => {
      const browser = world.server.newBrowser()
      await consent(browser, await consentPage(world, browser))
      const tabs: { by: Grant; state: string; page: Page }[] = []
      for (const by of [world.grant, world.website, await newClient(world)]) {
        const state = `tab of ${by.clientId}`
        const page = pageOf(await browser.open(authorizationUrl(world, { state }, by)))
        tabs.push({ by, state, page })
      }
      const codes = new Set<string | undefined>()
      for (const { by, state, page } of tabs.toReversed()) {
        const answer = answerAt(await browser.press(page, 'Allow'), by.redirectUri)
        expect([answer['state'], answer['iss']]).toEqual([state, world.server.issuer])
        codes.add(answer['code'])
      }
      expect([codes.size, codes.has(undefined)]).toEqual([3, false])
    },
  },
]

export const attacks: readonly Row[] = [...decisions, ...repetitions]
