/** A sign-in is kept once the password was proven, whatever the person answers to the client, and whether they answer at all. */
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals'
import { endSession } from '../../src/storage/accounts/sessions.js'
import { consent, deny, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../support/browser.js'
import { sessionCookie } from '../support/cookie-names.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { deviceCodeGrant, startDevice } from '../support/device-client.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, redeem, register, startAuthorization } from '../support/oauth-client.js'
import { watchStatements } from '../support/watched-statements.js'
import { startServer, type TestServer } from './server.js'

const { meanwhile, watched } = watchStatements()

describeOnDatabases('A proven sign-in is kept, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind, { database: watched(await openTestDatabase(kind, 'auth')) })
    grant = await newGrant(server)
  })
  afterAll(() => server.close())
  afterEach(() => meanwhile.clear())

  let people = 0
  const newPerson = () => {
    people += 1
    return server.addAccount(`person-${people}@example.com`)
  }
  const start = (parameters: Record<string, string> = {}, of = grant) =>
    startAuthorization(of.server, { ...of, scope: 'openid notes:read', parameters })
  const open = async (browser: Browser, parameters: Record<string, string> = {}, of = grant): Promise<Page> =>
    pageOf(await browser.open(start(parameters, of).url))
  /** A browser whose person typed the password, and has the consent page before them. */
  const atConsent = async (person: Awaited<ReturnType<typeof newPerson>>, parameters: Record<string, string> = {}) => {
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, await open(browser, parameters), person))
    expect(isConsentPage(page)).toBe(true)
    return { browser, page }
  }
  const answerOf = (arrival: Arrival): Record<string, string> => {
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    return Object.fromEntries(new URL(arrival.left).searchParams)
  }
  const cookieOf = (browser: Browser) =>
    new RegExp(`${sessionCookie(server.issuer)}=([^;]+)`).exec(
      browser.cookies.header(new URL(server.issuer)) ?? '',
    )?.[1]
  /** What an authorization request with these cookies of a browser shows. */
  const isKnown = async (cookies: string) => {
    const browser = server.newBrowser()
    const lines = cookies.split('; ').map((pair) => `${pair}; Path=/; HttpOnly`)
    browser.cookies.store(new URL(server.issuer), lines)
    return !isSignInPage(await open(browser))
  }
  const sessionsOf = (accountId: string) => server.storage.prisma.session.findMany({ where: { accountId } })
  const grantsOf = (accountId: string) => server.storage.prisma.grant.count({ where: { accountId } })

  it('after Deny: the next try asks for the consent alone', async () => {
    const person = await newPerson()
    const { browser, page } = await atConsent(person)
    expect(answerOf(await deny(browser, page))).toMatchObject({ error: 'access_denied' })
    const again = start()
    const asked = pageOf(await browser.open(again.url))
    expect([isConsentPage(asked), asked.text.includes(person.email)]).toEqual([true, true])
    expect(await grantsOf(person.id)).toBe(0)
    const { code = '' } = answerOf(await consent(browser, asked))
    expect((await redeem(grant, code, again.codeVerifier)).tokens).toBeDefined()
    expect(await sessionsOf(person.id)).toHaveLength(1)
  })

  it('after the tab was closed without an answer, and after Deny to a device', async () => {
    const person = await newPerson()
    const { browser } = await atConsent(person)
    expect(isConsentPage(await open(browser))).toBe(true)

    const metadata = { grant_types: [deviceCodeGrant], redirect_uris: undefined, response_types: undefined }
    const { client_id: clientId } = await register(grant.server, metadata)
    const { verification_uri_complete: link } = await startDevice({ server: grant.server, clientId })
    const other = server.newBrowser()
    const signInPage = pageOf(await other.press(pageOf(await other.open(link)), 'Continue'))
    const asked = pageOf(await signIn(other, signInPage, person))
    expect(pageOf(await deny(other, asked)).status).toBe(200)
    expect(isConsentPage(await open(other))).toBe(true)
  })

  it('in a second tab, with another client: both are asked for the consent, both get their code', async () => {
    const person = await newPerson()
    const second = await newGrant(server)
    const { browser, page } = await atConsent(person, { state: 'first' })
    const other = await open(browser, { state: 'second' }, second)
    expect(isConsentPage(other)).toBe(true)
    for (const [state, asked] of [
      ['second', other],
      ['first', page],
    ] as const)
      expect(answerOf(await consent(browser, asked))).toMatchObject({ state, code: expect.any(String) })
    expect(await sessionsOf(person.id)).toHaveLength(1)
  })

  it.each(['reloaded', 'used to type the password again'])(
    'in a tab that was opened before, and is %s',
    async (how) => {
      const person = await newPerson()
      const browser = server.newBrowser()
      const [first, second] = [await open(browser, { state: 'first' }), await open(browser, { state: 'second' })]
      const page = pageOf(await signIn(browser, first, person))
      const other = pageOf(how === 'reloaded' ? await browser.open(second.url) : await signIn(browser, second, person))
      expect([isConsentPage(other), other.text.includes(person.email)]).toEqual([true, true])
      expect(answerOf(await consent(browser, page))).toMatchObject({ state: 'first', code: expect.any(String) })
      expect(answerOf(await consent(browser, other))).toMatchObject({ state: 'second', code: expect.any(String) })
      expect(await sessionsOf(person.id)).toHaveLength(1)
    },
  )

  it('but a client may still ask for the password: prompt=login and max_age', async () => {
    const person = await newPerson()
    const { browser, page } = await atConsent(person)
    // Opened without a session, reloaded with one.
    const before = server.newBrowser()
    const stale = await open(before, { prompt: 'login' })
    await signIn(before, await open(before), person)
    expect(isSignInPage(pageOf(await before.open(stale.url)))).toBe(true)

    await deny(browser, page)
    expect(isSignInPage(await open(browser, { prompt: 'login' }))).toBe(true)
    expect(isConsentPage(await open(browser, { max_age: '600' }))).toBe(true)
  })

  it('with the time of the last proof, in the same session: max_age is not asked for twice', async () => {
    const person = await newPerson()
    const { browser, page } = await atConsent(person)
    await deny(browser, page)
    const [session] = await sessionsOf(person.id)
    const payload = Object(session?.payload)
    const data = { payload: { ...payload, loginTs: Number(payload.loginTs) - 3_600 } }
    await server.storage.prisma.session.update({ where: { uid: session?.uid ?? '' }, data })
    const old = cookieOf(browser)
    const again = await open(browser, { max_age: '600' })
    expect(isSignInPage(again)).toBe(true)
    await deny(browser, pageOf(await signIn(browser, again, person)))
    expect(isConsentPage(await open(browser, { max_age: '600' }))).toBe(true)
    expect((await sessionsOf(person.id)).map(({ uid }) => uid)).toEqual([session?.uid])
    expect(cookieOf(browser)).not.toBe(old)
  })

  it('and grants nothing: a client that was not allowed anything does not even learn of it', async () => {
    const person = await newPerson()
    const { browser } = await atConsent(person)
    const silent = answerOf(await browser.open(start({ prompt: 'none' }).url))
    expect(silent['error']).toBe('login_required')
    const { prisma } = server.storage
    const where = { accountId: person.id }
    expect([await grantsOf(person.id), await prisma.consent.count({ where })]).toEqual([0, 0])
    const events = await prisma.auditEvent.findMany({ where })
    expect(events.map(({ type }) => type)).toEqual(['sign_in.succeeded'])
  })

  it('under a new cookie: one that was planted before is nobody’s, and a wrong password changes none', async () => {
    const [person, attacker] = [await newPerson(), server.newBrowser()]
    await attacker.open(`${server.issuer}/logout`)
    const planted = attacker.cookies.header(new URL(server.issuer)) ?? ''
    const browser = server.newBrowser()
    browser.cookies.store(
      new URL(server.issuer),
      planted.split('; ').map((pair) => `${pair}; Path=/; HttpOnly`),
    )
    const page = await open(browser)
    const wrong = pageOf(await signIn(browser, page, { ...person, password: 'wrong' }))
    expect([wrong.status, await sessionsOf(person.id)]).toEqual([401, []])
    const before = cookieOf(browser)
    await signIn(browser, wrong, person)
    expect(cookieOf(browser)).not.toBe(before)
    expect(await isKnown(planted)).toBe(false)
    expect(await isKnown(browser.cookies.header(new URL(server.issuer)) ?? '')).toBe(true)
  })

  it('in a cookie with the attributes of the engine’s own', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const lines: string[] = []
    const { store } = browser.cookies
    Object.assign(browser.cookies, {
      store: (url: URL, setCookies: readonly string[]) => {
        lines.push(...setCookies.filter((line) => line.startsWith(sessionCookie(server.issuer))))
        store.call(browser.cookies, url, setCookies)
      },
    })
    const page = pageOf(await signIn(browser, await open(browser), person))
    const ofSignIn = lines.splice(0)
    await consent(browser, page)
    const attributes = (all: readonly string[]) =>
      all.map((line) =>
        line
          .replace(/=[^;]+/, '')
          .replace(/expires=[^;]+/, 'expires')
          .split(/; */)
          .sort(),
      )
    expect(attributes(ofSignIn)).toHaveLength(2)
    expect(attributes(ofSignIn)).toEqual(attributes(lines))
    const expiry = Date.parse(/expires=([^;]+)/.exec(ofSignIn[0] ?? '')?.[1] ?? '')
    expect(Math.abs(expiry - Date.now() - 14 * 86_400_000)).toBeLessThan(60_000)
  })

  it('until another person signs in: the session, and the consent page that it stands for, are over at once', async () => {
    const [first, second] = [await newPerson(), await newPerson()]
    const browser = server.newBrowser()
    const [page, other] = [await open(browser), await open(browser)]
    const asked = pageOf(await signIn(browser, page, first))
    const cookies = browser.cookies.header(new URL(server.issuer)) ?? ''
    expect(await isKnown(cookies)).toBe(true)
    expect(pageOf(await signIn(browser, other, second)).text).toContain(second.email)
    expect([await isKnown(cookies), await sessionsOf(first.id)]).toEqual([false, []])
    const { status, headers } = pageOf(await consent(browser, asked))
    expect([status, headers.get('location')]).toEqual([400, null])
    expect([await grantsOf(first.id), await grantsOf(second.id)]).toEqual([0, 0])
    expect((await open(browser)).text).toContain(second.email)
  })

  it('until the person signs out: an event, and the consent page in the other tab is over', async () => {
    const person = await newPerson()
    const { browser, page } = await atConsent(person)
    await browser.press(pageOf(await browser.open(`${server.issuer}/logout`)), 'Sign out')
    expect(isSignInPage(await open(browser))).toBe(true)
    expect(pageOf(await consent(browser, page)).status).toBe(400)
    expect([await grantsOf(person.id), await sessionsOf(person.id)]).toEqual([0, []])
    const where = { accountId: person.id, type: 'signed_out' }
    await eventually(async () => (await server.storage.prisma.auditEvent.count({ where })) === 1)
  })

  it.each([
    ['disabled', (id: string) => server.accounts.disable(id)],
    [
      'given another password',
      async (id: string) => {
        await server.accounts.setPasswordHash(id, 'another')
        await server.accounts.endAccess(id)
      },
    ],
  ])('until the account is %s', async (_what, end) => {
    const person = await newPerson()
    const { browser, page } = await atConsent(person)
    await end(person.id)
    expect(await sessionsOf(person.id)).toEqual([])
    expect(isSignInPage(await open(browser))).toBe(true)
    expect(pageOf(await consent(browser, page)).status).toBe(400)
    expect(await grantsOf(person.id)).toBe(0)
  })

  it('never by bringing back a session that ends while the password is checked', async () => {
    const person = await newPerson()
    const { browser } = await atConsent(person)
    const again = await open(browser, { prompt: 'login' })
    const [session] = await sessionsOf(person.id)
    meanwhile.set('sign_in+session+tries+audit', () => endSession(server.storage, session?.uid ?? ''))
    expect(pageOf(await signIn(browser, again, person)).status).toBe(400)
    expect(meanwhile.size).toBe(0)
    expect(await sessionsOf(person.id)).toEqual([])
    expect(isSignInPage(await open(browser))).toBe(true)
  })
})
