/** A client that wants more, where the page leaves the new box for the person to tick: what an Allow without it leads to. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { consent, deny, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { type Grant, newGrant, redeem, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const before = ['notes:read', 'notes:write']
const more = 'notes:read notes:write notes:delete'
const reminder = 'What is new is not ticked, so nothing was allowed.'

describe('Step-up to what cannot be undone, by a client that nobody vouches for', () => {
  let server: TestServer
  let grant: Grant
  let browser: Browser
  beforeAll(async () => {
    server = await startServer('embedded')
    grant = await newGrant(server)
    browser = server.newBrowser()
    const { url } = startAuthorization(grant.server, { ...grant, scope: before.join(' ') })
    const page = pageOf(await browser.open(url))
    await consent(browser, isSignInPage(page) ? pageOf(await signIn(browser, page, server.account)) : page)
  })
  afterAll(() => server.close())

  const ask = async (scope = more): Promise<{ page: Page; codeVerifier: string }> => {
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope })
    return { page: pageOf(await browser.open(url)), codeVerifier }
  }
  const callbackOf = (arrival: Arrival): URLSearchParams => {
    if (!('left' in arrival)) throw new Error(`no redirect, but "${arrival.page.heading}"`)
    return new URL(arrival.left).searchParams
  }
  const scopeOf = async (arrival: Arrival, codeVerifier: string): Promise<readonly string[]> => {
    const { tokens } = await redeem(grant, callbackOf(arrival).get('code') ?? '', codeVerifier)
    return (tokens?.scope ?? '').split(' ').sort()
  }
  const grants = () => server.storage.prisma.grant.count()

  it('comes again after an Allow that allows nothing new, and says so; the box is the first thing below', async () => {
    const { page, codeVerifier } = await ask()
    expect(scopesOn(page)[0]).toEqual({ name: 'notes:delete', ticked: false, required: false })
    expect(page.text).not.toContain(reminder)
    const grantsBefore = await grants()
    const again = pageOf(await consent(browser, page, 'as offered'))
    expect([isConsentPage(again), again.text.includes(reminder), await grants()]).toEqual([true, true, grantsBefore])
    expect(again.html.indexOf('value="notes:delete"')).toBeLessThan(again.html.indexOf('class="facts'))
    const arrival = await consent(browser, again, 'all')
    expect(await scopeOf(arrival, codeVerifier)).toEqual([...more.split(' ')].sort())
  })

  it('never comes a third time: the same answer grants what the client had', async () => {
    await forget()
    const { page, codeVerifier } = await ask()
    const again = pageOf(await consent(browser, page, 'as offered'))
    const arrival = await consent(browser, again, 'as offered')
    expect(await scopeOf(arrival, codeVerifier)).toEqual(before)
  })

  it('ends with access_denied after Deny', async () => {
    await forget()
    const { page } = await ask()
    const again = pageOf(await consent(browser, page, 'as offered'))
    expect(callbackOf(await deny(browser, again)).get('error')).toBe('access_denied')
  })

  it('works without a script, which has to press once more anyway', async () => {
    await forget()
    const { page } = await ask()
    const post = (from: Page, fields: Record<string, string>) => {
      const hidden = from.forms[0]?.fields
        .filter(({ type }) => type === 'hidden')
        .map(({ name, value }) => [name, value])
      const form = { ...Object.fromEntries(hidden ?? []), decision: 'allow', deliberate: '', ...fields }
      return browser.post(`${page.url}/consent`, form, page.url)
    }
    const again = pageOf(await post(page, { scope: 'notes:read' }))
    expect(again.text).toContain(reminder)
    server.advance(2)
    const confirm = pageOf(await post(again, { scope: 'notes:read' }))
    expect(confirm.heading).toBe('Did you start this yourself?')
    server.advance(2)
    const [, number = ''] = /To allow it, type \W?(\d{3})/.exec(confirm.text) ?? []
    const arrival = await post(confirm, { scope: 'notes:read', number })
    expect(callbackOf(arrival).get('code')).toEqual(expect.any(String))
  })

  /** The person leaves deleting out, so that it is new once more. */
  async function forget(): Promise<void> {
    const { page } = await ask()
    let arrival = await consent(browser, page, before)
    if ('page' in arrival) arrival = await consent(browser, arrival.page, before)
    callbackOf(arrival)
  }
})
