import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { databaseKinds } from '../support/databases.js'
import { type Grant, newGrant, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describe.each(databaseKinds)('Signing in, on %s', (kind) => {
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

  /** Everything of a page that does not differ from one sign-in to the next. */
  const essence = (page: Page, email: string) => ({
    status: page.status,
    html: page.html
      .replaceAll(email, 'EMAIL')
      .replace(/\/interaction\/[\w-]+/g, '/interaction/UID')
      .replace(/name="csrf" value="[^"]+"/g, 'CSRF'),
    headers: [...page.headers].filter(
      ([name]) => !['date', 'x-request-id', 'set-cookie', 'content-length'].includes(name),
    ),
  })

  it('answers a wrong password, an unknown person and a disabled one in the same way (ASVS 6.3.8)', async () => {
    const disabled = await server.addAccount(`disabled-${kind}@example.com`, { disabled: true })
    const wrong = { email: server.account.email, password: 'a wrong password, long enough' }
    const unknown = { email: 'nobody@example.com', password: server.account.password }
    const pages = []
    for (const account of [wrong, unknown, disabled]) {
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, await signInPage(browser), account))
      pages.push(essence(page, account.email))
    }
    expect(pages[0]?.status).toBe(401)
    expect(pages[1]).toEqual(pages[0])
    expect(pages[2]).toEqual(pages[0])
  })

  it('goes on after wrong tries, in any case and with blanks around the email', async () => {
    const browser = server.newBrowser()
    const again = pageOf(await signIn(browser, await signInPage(browser), { ...server.account, password: 'wrong' }))
    const page = pageOf(
      await signIn(browser, again, { ...server.account, email: ` ${server.account.email.toUpperCase()} ` }),
    )
    expect(isConsentPage(page)).toBe(true)
  })

  it.each(['', 'ada', 'ada@example.com\u0000', '<script>alert(1)</script>@x', 'x'.repeat(10_000)])(
    'survives %.20j as an email and as a password',
    async (text) => {
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, await signInPage(browser), { email: text, password: text }))
      expect([401, 413]).toContain(page.status)
      expect(page.html).not.toContain('<script>')
    },
  )

  it('stops after too many tries, tells how long to wait, and lets not even the right password in', async () => {
    const person = await server.addAccount(`throttled-${kind}@example.com`)
    const browser = server.newBrowser()
    let page = await signInPage(browser)
    for (let tries = 0; tries < 10; tries += 1) {
      page = pageOf(await signIn(browser, page, { ...person, password: 'wrong' }))
      expect(page.status).toBe(401)
    }
    const refused = pageOf(await signIn(browser, page, person))
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(60)
    expect(isSignInPage(refused)).toBe(true)
    // Someone else is not held up.
    const other = server.newBrowser()
    expect(isConsentPage(pageOf(await signIn(other, await signInPage(other), server.account)))).toBe(true)
    server.advance(15 * 60 + 1)
    const later = server.newBrowser()
    expect(isConsentPage(pageOf(await signIn(later, await signInPage(later), person)))).toBe(true)
  })

  it('is not counted by an address that a stranger made up', async () => {
    const person = await server.addAccount(`forwarded-${kind}@example.com`)
    const statuses = []
    for (let tries = 0; tries < 11; tries += 1) {
      const browser = server.newBrowser()
      statuses.push(pageOf(await signIn(browser, await signInPage(browser), { ...person, password: 'wrong' })).status)
    }
    expect(statuses.at(-1)).toBe(429)
    expect(new Set(server.logLines.map((line) => JSON.parse(line).address ?? '127.0.0.1'))).toEqual(
      new Set(['127.0.0.1']),
    )
  })

  describe('forms from elsewhere (ASVS 3.5.1)', () => {
    type Forgery = (given: { page: Page; foreign: string }) => {
      fields: Record<string, string>
      headers?: Record<string, string>
    }
    const csrfOf = (page: Page) =>
      page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''

    /** Posts as a browser would that was led there; the cookies come along. */
    const forge = async (
      browser: Browser,
      page: Page,
      step: string,
      fields: Record<string, string>,
      headers: Record<string, string>,
    ) => {
      const url = new URL(`${new URL(page.url).pathname}/${step}`, server.issuer)
      const cookie = browser.cookies.header(url)
      return fetch(url, {
        method: 'POST',
        redirect: 'manual',
        body: new URLSearchParams(fields),
        headers: { ...headers, ...(cookie === undefined ? {} : { cookie }) },
      })
    }

    it.each<[string, Forgery]>([
      ['without a token', () => ({ fields: {} })],
      ['with an empty token', () => ({ fields: { csrf: '' } })],
      ['with a made-up token', () => ({ fields: { csrf: 'x'.repeat(43) } })],
      ['with the token of another browser', ({ foreign }) => ({ fields: { csrf: foreign } })],
      ['with Origin null', ({ page }) => ({ fields: { csrf: csrfOf(page) }, headers: { origin: 'null' } })],
      [
        'from another site',
        ({ page }) => ({ fields: { csrf: csrfOf(page) }, headers: { origin: 'https://evil.example' } }),
      ],
      [
        'from another port',
        ({ page }) => ({ fields: { csrf: csrfOf(page) }, headers: { origin: 'http://localhost:1' } }),
      ],
      [
        'cross-site by fetch metadata',
        ({ page }) => ({ fields: { csrf: csrfOf(page) }, headers: { 'sec-fetch-site': 'cross-site' } }),
      ],
      [
        'same-site by fetch metadata',
        ({ page }) => ({ fields: { csrf: csrfOf(page) }, headers: { 'sec-fetch-site': 'same-site' } }),
      ],
    ])('%s change nothing', async (_name, forgery) => {
      const [browser, elsewhere] = [server.newBrowser(), server.newBrowser()]
      const foreign = csrfOf(await signInPage(elsewhere))
      const page = await signInPage(browser)
      const { email, password } = server.account
      const signing = forgery({ page, foreign })
      const answer = await forge(
        browser,
        page,
        'sign-in',
        { email, password, ...signing.fields },
        signing.headers ?? {},
      )
      expect(answer.status).toBe(403)
      expect(answer.headers.get('set-cookie')).toBeNull()
      expect(isSignInPage(pageOf(await browser.open(page.url)))).toBe(true)

      const consent = pageOf(await signIn(browser, page, server.account))
      for (const step of ['consent', 'switch-account', 'cancel']) {
        const deciding = forgery({ page: consent, foreign })
        const fields = { decision: 'allow', scope: 'notes:read', ...deciding.fields }
        expect((await forge(browser, consent, step, fields, deciding.headers ?? {})).status).toBe(403)
      }
      expect(isConsentPage(pageOf(await browser.open(consent.url)))).toBe(true)
    })

    it('that are no forms are refused', async () => {
      const browser = server.newBrowser()
      const page = await signInPage(browser)
      const cookie = browser.cookies.header(new URL(page.url)) ?? ''
      const answer = await fetch(`${page.url}/sign-in`, {
        method: 'POST',
        body: JSON.stringify({ csrf: csrfOf(page), ...server.account }),
        headers: { cookie, 'content-type': 'application/json' },
      })
      expect(answer.status).toBe(415)
    })
  })

  it('fails no request in all of this', () => {
    const failures = server.logLines
      .map((line) => JSON.parse(line))
      .filter(({ status, level }) => status >= 500 || level === 'error')
    expect(failures).toEqual([])
  })
})
