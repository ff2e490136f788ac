/** What a person may do on our pages other than saying yes to everything, and what the client and the person see then. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { consent, deny, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { callTool, structured } from '../support/mcp-request.js'
import {
  authorize,
  type Grant,
  newGrant,
  obtainTokens,
  redeem,
  requestTokens,
  startAuthorization,
} from '../support/oauth-client.js'
import { type Stack, startStack } from '../support/stack.js'

const everything = 'notes:read notes:write notes:delete'

function callbackOf(arrival: Arrival): URLSearchParams {
  if (!('left' in arrival)) throw new Error(`still on ${arrival.page.url}: ${arrival.page.text}`)
  return new URL(arrival.left).searchParams
}

describeOnDatabases('a person decides (%s)', (database) => {
  let stack: Stack
  let grant: Grant
  let browser: Browser

  beforeAll(async () => {
    stack = await startStack({ database })
    grant = await newGrant(stack)
  })
  afterAll(() => stack.close())
  beforeEach(() => {
    browser = stack.newBrowser()
  })

  async function openConsent(scope: string): Promise<Page> {
    const { url } = startAuthorization(grant.server, { ...grant, scope })
    const page = pageOf(await browser.open(url))
    return isSignInPage(page) ? pageOf(await signIn(browser, page, stack.account)) : page
  }

  it('is told who asks, for which resource, where the answer goes, and as whom', async () => {
    const page = await openConsent(everything)
    expect(isConsentPage(page)).toBe(true)
    for (const words of ['Journey client', 'Gatehouse Notes', stack.account.email]) expect(page.text).toContain(words)
    expect(scopesOn(page).map(({ name }) => name)).toEqual(everything.split(' '))
    expect(page.headers.get('content-security-policy')).not.toContain('form-action')
  })

  it('denies: the client gets access_denied with state and issuer, and no code', async () => {
    const { url, state } = startAuthorization(grant.server, { ...grant, scope: everything })
    const page = pageOf(await signIn(browser, pageOf(await browser.open(url)), stack.account))
    const callback = callbackOf(await deny(browser, page))
    expect(Object.fromEntries(callback)).toMatchObject({ error: 'access_denied', state, iss: stack.issuer })
    expect(callback.has('code')).toBe(false)
  })

  it('goes back before signing in: the client gets access_denied', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: everything })
    const callback = callbackOf(await browser.press(pageOf(await browser.open(url)), /^Cancel/))
    expect(callback.get('error')).toBe('access_denied')
  })

  it('unticks a scope: it is not granted, does not loop, and is offered again the next time', async () => {
    const person = { account: stack.account, allow: ['notes:read'] }
    const tokens = await obtainTokens(grant, browser, person, 'notes:read notes:write')
    expect(tokens.scope).toBe('notes:read')
    expect((await callTool(stack.resource, tokens.access_token, 'create_note', { title: 'a', body: 'b' })).status).toBe(
      403,
    )
    const again = await obtainTokens(grant, browser, { account: stack.account }, 'notes:read notes:write')
    expect(again.scope?.split(' ').sort()).toEqual(['notes:read', 'notes:write'])
  })

  it('unticks everything: that is a refusal', async () => {
    const page = await openConsent(everything)
    expect(callbackOf(await consent(browser, page, [])).get('error')).toBe('access_denied')
  })

  it('takes the read-only shortcut: nothing but reading is granted', async () => {
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope: everything })
    const page = pageOf(await signIn(browser, pageOf(await browser.open(url)), stack.account))
    const callback = callbackOf(await browser.press(page, 'Read access only'))
    const { tokens } = await redeem(grant, callback.get('code') ?? '', codeVerifier)
    expect(tokens?.scope).toBe('notes:read')
  })

  it('mistypes the password: one calm message, the email is kept, and the next try works', async () => {
    const { url } = startAuthorization(grant.server, { ...grant, scope: everything })
    const page = pageOf(await browser.open(url))
    const wrong = pageOf(
      await signIn(browser, page, { email: stack.account.email, password: 'not my password at all' }),
    )
    expect(isSignInPage(wrong)).toBe(true)
    const fields = wrong.forms.flatMap((form) => form.fields)
    expect(fields.find(({ label }) => label === 'Email')?.value).toBe(stack.account.email)
    expect(fields.find(({ label }) => label === 'Password')?.value).toBe('')
    const unknown = pageOf(
      await signIn(browser, wrong, { email: 'nobody@example.com', password: 'not my password at all' }),
    )
    expect(unknown.status).toBe(wrong.status)
    expect(unknown.text).toBe(wrong.text)
    expect(isConsentPage(pageOf(await signIn(browser, unknown, stack.account)))).toBe(true)
  })

  it('asks for another account on the consent page: gets the sign-in page, and comes back to consent', async () => {
    const page = await openConsent('notes:read')
    const signInPage = pageOf(await browser.press(page, 'Use another account'))
    expect(isSignInPage(signInPage)).toBe(true)
    expect(isConsentPage(pageOf(await signIn(browser, signInPage, stack.account)))).toBe(true)
  })

  it('goes back and allows a second time: a page that says so, and no second code', async () => {
    const page = await openConsent('notes:read')
    expect(callbackOf(await consent(browser, page)).has('code')).toBe(true)
    const second = pageOf(await consent(browser, page))
    expect(second.status).toBe(400)
    expect(second.heading).toBe('This step is already done')
  })

  it('is not fooled by a form from elsewhere: without its token, a decision counts for nothing', async () => {
    const page = await openConsent('notes:read')
    const action = page.forms.find((form) => form.buttons.some(({ text }) => text === 'Allow'))?.action ?? ''
    const forged = pageOf(await browser.post(action, { decision: 'allow', scope: 'notes:read' }))
    expect(forged.status).toBe(403)
    const token = page.forms.flatMap((form) => form.fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const crossSite = await browser.post(
      action,
      { decision: 'allow', scope: 'notes:read', csrf: token },
      'http://evil.test/',
    )
    expect(pageOf(crossSite).status).toBe(403)
  })

  it('serves a client that names no scope and no resource: what the challenge says, on the one resource', async () => {
    const { url, codeVerifier } = startAuthorization(grant.server, {
      clientId: grant.clientId,
      redirectUri: grant.redirectUri,
    })
    const page = pageOf(await signIn(browser, pageOf(await browser.open(url)), stack.account))
    expect(
      scopesOn(page)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['notes:read', 'notes:write'])
    const { tokens } = await requestTokens(grant.server, {
      grant_type: 'authorization_code',
      client_id: grant.clientId,
      redirect_uri: grant.redirectUri,
      code: callbackOf(await consent(browser, page)).get('code') ?? '',
      code_verifier: codeVerifier,
    })
    expect(tokens?.scope).toBe('notes:read notes:write')
    structured(await callTool(stack.resource, tokens?.access_token, 'create_note', { title: 'a', body: 'b' }))
  })

  it('signs in once: the next authorization of the same browser meets no sign-in page', async () => {
    await authorize(grant, browser, { account: stack.account }, 'notes:read')
    const unusable = { email: 'nobody@example.com', password: 'would fail if it were asked for' }
    const { callback } = await authorize(grant, browser, { account: unusable }, 'notes:read')
    expect(callback.has('code')).toBe(true)
  })

  it('meets an unknown client or a foreign redirect URI with a page, never with a redirect', async () => {
    const unknown = startAuthorization(grant.server, { ...grant, clientId: 'nobody-knows-me' })
    const foreign = startAuthorization(grant.server, { ...grant, redirectUri: 'http://127.0.0.1:41573/elsewhere' })
    for (const { url } of [unknown, foreign]) {
      const page = pageOf(await browser.open(url))
      expect(page.status).toBe(400)
      expect(page.heading).not.toBe('')
    }
  })
})
