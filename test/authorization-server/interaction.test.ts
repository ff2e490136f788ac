import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isSignInPage, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type Grant, newGrant, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describeOnDatabases('A sign-in in progress, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const start = (parameters: Record<string, string> = {}) =>
    startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters }).url

  const signInPage = async (browser: Browser, parameters: Record<string, string> = {}): Promise<Page> => {
    const page = pageOf(await browser.open(start(parameters)))
    if (!isSignInPage(page)) throw new Error(`no sign-in page, but "${page.heading}"`)
    return page
  }

  describe('a sign-in that is over, or not this browser’s', () => {
    const expired = (arrival: Arrival) => {
      const page = pageOf(arrival)
      expect(page.status).toBe(400)
      expect(page.heading).toMatch(/expired|already done/)
      return page
    }

    it('says so when it was open for too long', async () => {
      const browser = server.newBrowser()
      const page = await signInPage(browser)
      server.advance(3_700)
      expired(await browser.open(page.url))
      expired(await signIn(browser, page, server.account))
    })

    it('says so in another browser, and when cookies are gone', async () => {
      const browser = server.newBrowser()
      const page = await signInPage(browser)
      expired(await server.newBrowser().open(page.url))
      expired(await signIn(server.newBrowser(), page, server.account))
      browser.cookies.clear()
      expired(await signIn(browser, page, server.account))
    })

    it('says so for a sign-in of this browser under another one’s address', async () => {
      const [browser, other] = [server.newBrowser(), server.newBrowser()]
      const [mine, theirs] = [await signInPage(browser), await signInPage(other)]
      const cookie = browser.cookies.header(new URL(mine.url)) ?? ''
      const answer = await fetch(theirs.url, { headers: { cookie, accept: 'text/html' } })
      expect(answer.status).toBe(400)
    })

    it('gives one code when the decision is posted twice at once', async () => {
      const browser = server.newBrowser()
      const consent = pageOf(await signIn(browser, await signInPage(browser), server.account))
      const arrivals = await Promise.allSettled([browser.press(consent, 'Allow'), browser.press(consent, 'Allow')])
      const codes = arrivals.flatMap((arrival) =>
        arrival.status === 'fulfilled' && 'left' in arrival.value
          ? [new URL(arrival.value.left).searchParams.get('code')]
          : [],
      )
      expect(codes.filter((code) => code !== null).length).toBeGreaterThanOrEqual(1)
      expect(new Set(codes).size).toBe(1)
    })

    it('survives made-up addresses', async () => {
      for (const path of [
        '/interaction/x',
        '/interaction/%00',
        '/interaction/x/consent',
        '/authorize/x',
        '/interaction/',
      ]) {
        const page = pageOf(await server.newBrowser().open(`${server.issuer}${path}`))
        expect([400, 404]).toContain(page.status)
      }
    })
  })

  it('serves two tabs with two clients at once, each its own code', async () => {
    const browser = server.newBrowser()
    const second = await newGrant(server)
    const start2 = startAuthorization(second.server, {
      ...second,
      scope: 'notes:read',
      parameters: { state: 'second' },
    })
    const first = await signInPage(browser, { state: 'first' })
    const other = pageOf(await browser.open(start2.url))
    const otherConsent = pageOf(await signIn(browser, other, server.account))
    const firstConsent = pageOf(await signIn(browser, first, server.account))
    for (const [page, state] of [
      [firstConsent, 'first'],
      [otherConsent, 'second'],
    ] as const) {
      const arrival = await browser.press(page, 'Allow')
      if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
      const { searchParams } = new URL(arrival.left)
      expect(searchParams.get('state')).toBe(state)
      expect(searchParams.get('code')).toBeTruthy()
    }
  })

  it('asks a disabled person with a live session to sign in again, and fails no request', async () => {
    const person = await server.addAccount(`live-${kind}@example.com`)
    const browser = server.newBrowser()
    await browser.press(pageOf(await signIn(browser, await signInPage(browser), person)), 'Allow')
    const session = browser.cookies.header(new URL(server.issuer))
    expect(session).toMatch(/gatehouse_session\w*=/)
    // The row of the session is kept, so that only the account has changed.
    await server.storage.prisma.account.update({ where: { id: person.id }, data: { disabledAt: new Date() } })
    const page = pageOf(await browser.open(start()))
    expect([page.status, isSignInPage(page)]).toEqual([200, true])
    expect(pageOf(await signIn(browser, page, person)).status).toBe(401)
  })

  it('asks again when consent is open while the account is disabled', async () => {
    const person = await server.addAccount(`meanwhile-${kind}@example.com`)
    const browser = server.newBrowser()
    const consent = pageOf(await signIn(browser, await signInPage(browser), person))
    await server.accounts.disable(person.id)
    const arrival = await browser.press(consent, 'Allow')
    if ('left' in arrival) expect(new URL(arrival.left).searchParams.get('code')).toBeNull()
    else expect(arrival.page.status).toBeLessThan(500)
    expect(await server.storage.prisma.grant.count({ where: { accountId: person.id } })).toBe(0)
  })

  it('changes the session’s cookie (ASVS 7.2.4), and ends the session of who was there before', async () => {
    const person = await server.addAccount(`second-${kind}@example.com`)
    const browser = server.newBrowser()
    const sessionCookie = () =>
      /gatehouse_session\w*=([^;]+)/.exec(browser.cookies.header(new URL(server.issuer)) ?? '')?.[1]
    await browser.press(pageOf(await signIn(browser, await signInPage(browser), server.account)), 'Allow')
    const first = sessionCookie()
    const consent = pageOf(await browser.open(start()))
    const page = pageOf(await browser.press(consent, 'Use another account'))
    await browser.press(pageOf(await signIn(browser, page, person)), 'Allow')
    expect(sessionCookie()).not.toBe(first)
    const sessions = await server.storage.prisma.session.findMany({ where: { accountId: person.id } })
    expect(sessions).toHaveLength(1)
    expect(pageOf(await browser.open(start())).text).toContain(person.email)
  })

  it('says so when its client is removed meanwhile', async () => {
    const gone = await newGrant(server)
    const browser = server.newBrowser()
    const url = startAuthorization(gone.server, { ...gone, scope: 'notes:read' }).url
    const page = pageOf(await browser.open(url))
    await server.clients.remove(gone.clientId)
    const answer = pageOf(await signIn(browser, page, server.account))
    expect(answer.status).toBe(400)
    expect(answer.headers.get('location')).toBeNull()
  })

  it('fails no request in all of this', () => {
    const failures = server.logLines
      .map((line) => JSON.parse(line))
      .filter(({ status, level }) => status >= 500 || level === 'error')
    expect(failures).toEqual([])
  })
})
