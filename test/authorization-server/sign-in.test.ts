import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createSignInThrottle, signInLimits } from '../../src/authorization-server/login/throttle.js'
import { endAccessBefore } from '../../src/storage/accounts/end-access.js'
import { type Account, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { knownBrowserCookie } from '../support/cookie-names.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type Grant, newGrant, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describeOnDatabases('Signing in, on %s', (kind) => {
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
      .replace(/name="csrf" value="[^"]+"/g, 'CSRF')
      .replace(/challenge&#34;:&#34;[\w-]+/g, 'CHALLENGE')
      // Ids are other ones in each answer, so that no fragment from outside leads to a part of the page.
      .replace(/\b(id|for|aria-describedby)="[^"]+"/g, '$1="ID"'),
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

  it.each<[string, boolean]>([
    ['Quarterly Planner', true],
    ['Claude Code', true],
    ['Account Security', false],
    ['Gatehouse Sign-in', false],
    ['N\u043etebook planner', false],
  ])('says above the password that "%s" asks: %s', async (name, isNamed) => {
    const { client_id } = await register(grant.server, { client_name: name, redirect_uris: [grant.redirectUri] })
    const page = await signInPage(server.newBrowser(), { client_id: String(client_id) })
    expect([page.text.includes(name), page.text.includes('to continue to')]).toEqual([isNamed, !isNamed])
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
      // The page ends with a script of its own.
      expect(page.html.slice(0, page.html.lastIndexOf('<script>'))).not.toContain('<script>')
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

  describe('an account that strangers try from many addresses', () => {
    /** What the browser sends as proof that it signed in before. */
    const proofOf = (browser: Browser) =>
      /gatehouse_known_browser\w*=([^;]+)/.exec(
        browser.cookies.header(new URL('/interaction/x', server.issuer)) ?? '',
      )?.[1]
    const known = async (account: Account, browser = server.newBrowser()) => {
      // The browser may be signed in as somebody else.
      const page = await signInPage(browser, { prompt: 'login' })
      expect(isConsentPage(pageOf(await signIn(browser, page, account)))).toBe(true)
      return browser
    }
    /** Signs in with a cookie that somebody made or took. */
    const withProof = async (proof: string, account: Account) => {
      const browser = server.newBrowser()
      const page = await signInPage(browser)
      browser.cookies.store(new URL(page.url), [`${knownBrowserCookie(server.issuer)}=${proof}; Path=/interaction`])
      return pageOf(await signIn(browser, page, account)).status
    }
    let endings = 0
    const lock = async (email: string) => {
      const throttle = createSignInThrottle(server.storage.database.sql, server.storage.clock)
      const tries = Array.from({ length: signInLimits.account }, (_, host) => ({ email, address: `203.0.113.${host}` }))
      await Promise.all(tries.map((attempt) => throttle.begin(attempt)))
    }

    it('stays open to browsers that signed in to it before, and to no others', async () => {
      const [victim, mallory] = [
        await server.addAccount(`victim-${kind}@example.com`),
        await server.addAccount(`mallory-${kind}@example.com`),
      ]
      const hers = await known(victim)
      // Two people at one browser: it is known to both.
      await known(mallory, hers)
      const theirs = proofOf(await known(mallory)) ?? ''
      await lock(victim.email)
      const locked = async (proof: string) => expect(await withProof(proof, victim)).toBe(429)
      await locked('')
      // Proof of another account, changed in time or name, cut short, of nobody, a flood.
      const [issuedAt = '', id = '', mac = ''] = theirs.split('.')
      await locked(theirs)
      await locked(`${Number(issuedAt) + 1}.${id}.${mac}`)
      await locked((proofOf(hers) ?? '').slice(0, -1))
      await locked('~'.repeat(2_000))
      const again = await signInPage(hers, { prompt: 'login' })
      const wrong = pageOf(await signIn(hers, again, { ...victim, password: 'wrong' }))
      expect(wrong.status).toBe(401)
      expect(isConsentPage(pageOf(await signIn(hers, wrong, victim)))).toBe(true)
      await lock(mallory.email)
      expect(await withProof(proofOf(hers) ?? '', mallory)).toBe(200)
    })

    it.each<[string, (id: string) => Promise<unknown>]>([
      [
        'a new password',
        async (id) =>
          server.accounts.setPasswordHash(id, (await server.accounts.find(id))?.passwordHash?.replace(/.$/, 'x') ?? ''),
      ],
      [
        'the end of the account’s access',
        async (id) => {
          await server.accounts.disable(id)
          await server.accounts.enable(id)
        },
      ],
      ['the end of everybody’s', () => endAccessBefore(server.storage, server.storage.clock.now())],
    ])('is strange again to every browser after %s', async (_what, end) => {
      const person = await server.addAccount(`ended-${endings++}-${kind}@example.com`)
      const proofs = [proofOf(await known(person)) ?? '', proofOf(await known(person)) ?? '']
      await lock(person.email)
      const wrong = { ...person, password: 'wrong' }
      for (const proof of proofs) expect(await withProof(proof, wrong)).toBe(401)
      server.advance(1)
      const { id = '' } = (await server.accounts.findByEmail(person.email)) ?? {}
      await end(id)
      for (const proof of proofs) expect(await withProof(proof, wrong)).toBe(429)
    })

    it('is tried from a known browser no more than from any other, and its cookie names nobody', async () => {
      const owner = await server.addAccount(`owner-${kind}@example.com`)
      const hers = await known(owner)
      expect(proofOf(hers)).toMatch(/^\d+\.[\w-]{16}\.[\w-]{43}$/)
      let page = await signInPage(hers, { prompt: 'login' })
      for (let tries = 0; tries < signInLimits.knownBrowser; tries += 1) {
        page = pageOf(await signIn(hers, page, { ...owner, password: 'wrong' }))
        expect(page.status).toBe(401)
      }
      const refused = pageOf(await signIn(hers, page, owner))
      expect([refused.status, Number(refused.headers.get('retry-after')) > 60]).toEqual([429, true])
      // What a thief of the cookie used up is not her other browser's.
      expect(await withProof('', owner)).toBe(200)
      expect(server.logLines.some((line) => line.includes(proofOf(hers) ?? 'no cookie'))).toBe(false)
    })
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
