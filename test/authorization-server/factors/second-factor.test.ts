/** The second factor behind a password: a code of the authenticator app, or a recovery code. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createSignInThrottle, signInLimits, unlockAccount } from '../../../src/authorization-server/login/throttle.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { codeAt, giveApp, giveRecoveryCodes } from '../../support/factors.js'
import { type Grant, newGrant, redeem, startAuthorization } from '../../support/oauth-client.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('The second factor, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  let people = 0
  const newPerson = async () => {
    people += 1
    const person = await server.addAccount(`person-${people}@example.com`)
    return { ...person, secret: await giveApp(server.storage, person.id) }
  }
  type Person = Awaited<ReturnType<typeof newPerson>>

  const started = () => startAuthorization(grant.server, { ...grant, scope: 'openid notes:read' })
  const now = () => server.storage.clock.now()
  const isCodePage = ({ heading }: Page) => heading === 'Enter the code'

  const codePage = async (browser: Browser, person: Person, url = started().url): Promise<Page> => {
    const page = pageOf(await signIn(browser, pageOf(await browser.open(url)), person))
    if (!isCodePage(page)) throw new Error(`no code is asked for, but "${page.heading}"`)
    return page
  }

  const enter = async (browser: Browser, page: Page, code: string) =>
    pageOf(await browser.press(page, 'Continue', { Code: code }))

  it('is asked for at each password sign-in, and the ID token says both', async () => {
    const person = await newPerson()
    for (let time = 0; time < 2; time += 1) {
      const browser = server.newBrowser()
      const { url, codeVerifier } = started()
      const page = await codePage(browser, person, url)
      const code = codeAt(person.secret, now())
      const consentPage = await enter(browser, page, `${code.slice(0, 3)} ${code.slice(3)}`)
      expect(isConsentPage(consentPage)).toBe(true)
      const arrival = await consent(browser, consentPage)
      if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
      const { tokens } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', codeVerifier)
      const claims = decodeJwt(tokens?.id_token ?? '')
      expect(claims).toMatchObject({ acr: 'https://refeds.org/profile/mfa', amr: ['pwd', 'otp', 'mfa'] })
      server.advance(60)
    }
  })

  it('opens nothing before it: no session, no consent, no code, and nothing for another browser', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    expect(await server.storage.prisma.session.count({ where: { accountId: person.id } })).toBe(0)
    const uid = /interaction\/([^/]+)/.exec(page.url)?.[1] ?? ''
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const decided = await browser.post(
      `${server.issuer}/interaction/${uid}/consent`,
      { csrf, decision: 'allow', scope: 'notes:read' },
      page.url,
    )
    expect(pageOf(decided).status).toBe(400)
    // The engine, asked to go on, asks for a sign-in.
    const resumed = await browser.open(`${server.issuer}/authorize/${uid}`)
    expect(isSignInPage(pageOf(resumed)) || pageOf(resumed).status >= 400).toBe(true)
    expect(await server.storage.prisma.session.count({ where: { accountId: person.id } })).toBe(0)
  })

  it('is asked for in the browser that the password was typed in alone', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    const cookies = (browser.cookies.header(new URL(page.url)) ?? '').split('; ')
    const planted = cookies.filter((cookie) => !/signed_in/.test(cookie)).join('; ')
    const answer = await fetch(page.url, { headers: { cookie: planted, accept: 'text/html' } })
    expect(await answer.text()).toContain('name="password"')
  })

  it.each(['', '000000', 'abcdef', '1234567', '<script>', '9'.repeat(5_000)])('refuses %.12j', async (code) => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    const refused = await enter(browser, page, code)
    expect([refused.status, isCodePage(refused)]).toEqual([401, true])
    expect(isConsentPage(await enter(browser, refused, codeAt(person.secret, now())))).toBe(true)
  })

  it('takes a code once, and none that is older than the last', async () => {
    const person = await newPerson()
    const [first, second, third] = [server.newBrowser(), server.newBrowser(), server.newBrowser()]
    const pages = [await codePage(first, person), await codePage(second, person), await codePage(third, person)]
    const code = codeAt(person.secret, now())
    const before = codeAt(person.secret, new Date(now().getTime() - 30_000))
    expect(isConsentPage(await enter(first, pages[0] as Page, code))).toBe(true)
    expect((await enter(second, pages[1] as Page, code)).status).toBe(401)
    expect((await enter(third, pages[2] as Page, before)).status).toBe(401)
  })

  it('signs one in of fifty at the same time with one code', async () => {
    const person = await newPerson()
    const browsers = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const browser = server.newBrowser()
        return { browser, page: pageOf(await browser.open(started().url)) }
      }),
    )
    // One password after the other: so many at once would be too many tries from one address.
    const ready: { readonly browser: Browser; readonly page: Page }[] = []
    for (const { browser, page } of browsers) {
      await server.storage.prisma.signInThrottle.deleteMany()
      ready.push({ browser, page: pageOf(await signIn(browser, page, person)) })
    }
    await server.storage.prisma.signInThrottle.deleteMany()
    const code = codeAt(person.secret, now())
    const ends = await Promise.all(ready.map(({ browser, page }) => enter(browser, page, code)))
    expect(ends.filter(isConsentPage)).toHaveLength(1)
    expect(await server.storage.prisma.session.count({ where: { accountId: person.id } })).toBe(1)
  })

  it('counts tries, also parallel ones, and the password sets nothing back', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    const tries = await Promise.all(
      Array.from({ length: signInLimits.accountAndAddress + 5 }, () => enter(browser, page, '000000')),
    )
    expect(tries.map(({ status }) => status).filter((status) => status === 429)).toHaveLength(5)
    await server.storage.prisma.signInThrottle.deleteMany({ where: { failures: { lte: 1 } } })
    const again = await codePage(server.newBrowser(), person).catch((error: unknown) => error)
    expect(again).not.toBeInstanceOf(Error)
    const late = await enter(browser, page, codeAt(person.secret, now()))
    expect(late.status).toBe(429)
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0)
    server.advance(signInLimits.windowSeconds + 1)
    await unlockAccount(server.storage, person.email, { secondFactorToo: true })
    const next = await codePage(server.newBrowser(), person).catch(() => undefined)
    expect(next).toBeDefined()
  })

  it('has tries that nobody can use up by typing what they count under', async () => {
    const person = await newPerson()
    const email = `second factor of ${person.id}`
    const throttle = createSignInThrottle(server.storage.database.sql, server.storage.clock)
    for (let time = 0; time < signInLimits.account; time += 1)
      await throttle.begin({ email, address: `192.0.${time}.1` })
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    expect(isConsentPage(await enter(browser, page, codeAt(person.secret, now())))).toBe(true)
  })

  it.each([
    ['the password is changed', (id: string) => server.accounts.setPasswordHash(id, 'another')],
    ['the account is disabled', (id: string) => server.accounts.disable(id)],
    ['its access is ended', (id: string) => server.accounts.endAccess(id)],
  ])('opens nothing when %s meanwhile', async (_what, change) => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    await change(person.id)
    const end = await enter(browser, page, codeAt(person.secret, now()))
    expect(isConsentPage(end)).toBe(false)
    expect(await server.storage.prisma.session.count({ where: { accountId: person.id } })).toBe(0)
  })

  it('waits ten minutes for the code, then asks for the password again', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await codePage(browser, person)
    server.advance(601)
    expect(isSignInPage(await enter(browser, page, codeAt(person.secret, now())))).toBe(true)
  })

  it('takes a recovery code in its place, once, however it is typed', async () => {
    const person = await newPerson()
    const [code = '', other = ''] = await giveRecoveryCodes(server.storage, person.id)
    const recoveryPage = async (browser: Browser) => {
      const { links, url } = await codePage(browser, person)
      const href = links.find(({ text }) => text === 'Use a recovery code')?.href ?? ''
      return pageOf(await browser.open(new URL(href, url).href))
    }
    const use = async (typed: string) => {
      const browser = server.newBrowser()
      return pageOf(await browser.press(await recoveryPage(browser), 'Continue', { 'Recovery code': typed }))
    }
    expect((await use('0000-0000-0000-0000')).status).toBe(401)
    expect(isConsentPage(await use(code.replaceAll('-', ' ').toUpperCase()))).toBe(true)
    expect((await use(code)).status).toBe(401)
    expect(isConsentPage(await use(other))).toBe(true)
    expect(await server.storage.prisma.recoveryCode.count({ where: { accountId: person.id } })).toBe(0)
  })

  it('takes no recovery code without the password of an account that has one', async () => {
    const person = await newPerson()
    const [code = ''] = await giveRecoveryCodes(server.storage, person.id)
    const browser = server.newBrowser()
    const { url } = pageOf(await browser.open(started().url))
    const page = pageOf(await browser.open(`${url}/recovery-code`))
    const end = pageOf(await browser.press(page, 'Continue', { Email: person.email, 'Recovery code': code }))
    expect(end.status).toBe(401)
    expect(await server.storage.prisma.recoveryCode.count({ where: { accountId: person.id } })).toBe(2)
  })

  it('leaves no secret and no code in the database or the log', async () => {
    const person = await newPerson()
    const [code = ''] = await giveRecoveryCodes(server.storage, person.id)
    const stored = JSON.stringify(
      [await server.storage.prisma.authenticatorApp.findMany(), await server.storage.prisma.recoveryCode.findMany()],
      (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
    )
    expect(stored).not.toContain(person.secret)
    expect(stored).not.toContain(code.replaceAll('-', ''))
    expect(server.logLines.join('\n')).not.toContain(person.secret)
  })
})
