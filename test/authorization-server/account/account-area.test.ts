/** The account area: signing in without a client, coming back, proving once more, forms and sessions. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isConsentPage, isSignInPage } from '../../support/authorization.js'
import { createBrowser, type Page, pageOf } from '../../support/browser.js'
import { sessionCookie } from '../../support/cookie-names.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { newGrant, obtainTokens, startAuthorization } from '../../support/oauth-client.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('The account area, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(() => server.close())

  const open = async (browser = server.newBrowser(), path = '/account'): Promise<Page> =>
    pageOf(await browser.open(`${server.issuer}${path}`))
  const signIn = async (browser = server.newBrowser(), path = '/account', account = server.account) => {
    const page = await open(browser, path)
    const { email: Email, password: Password } = account
    return pageOf(await browser.press(page, 'Sign in', { Email, Password }))
  }
  const pathOf = ({ url }: Page) => new URL(url).pathname

  it('asks for a sign-in with the usual page, and comes back to the page that was asked for', async () => {
    const page = await open()
    expect([isSignInPage(page), page.status, page.text.includes('to look after your account')]).toEqual([
      true,
      200,
      true,
    ])
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    const account = await signIn()
    expect([pathOf(account), account.heading]).toEqual(['/account', 'Overview'])
    expect(account.text).toContain(server.account.email)
  })

  it('signs in for clients as well: the next authorization asks for the consent alone', async () => {
    const browser = server.newBrowser()
    await signIn(browser)
    const grant = await newGrant(server)
    const { url } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    expect(isConsentPage(pageOf(await browser.open(url)))).toBe(true)
  })

  it('takes a session that began on the way to a client', async () => {
    const browser = server.newBrowser()
    await obtainTokens(await newGrant(server), browser, { account: server.account })
    expect((await open(browser)).heading).toBe('Overview')
  })

  it.each([
    ['another site', 'https://evil.example/'],
    ['another site without a scheme', '//evil.example/account'],
    ['a backslash', '/\\evil.example'],
    ['another endpoint', '/logout'],
    ['a dot segment', '/account/../logout'],
    ['the sign-in itself', '/account/sign-in'],
  ])('never leads on to %s', async (_what, to) => {
    const browser = server.newBrowser()
    const page = await open(browser, `/account/sign-in?to=${encodeURIComponent(to)}`)
    const { email: Email, password: Password } = server.account
    expect(pathOf(pageOf(await browser.press(page, 'Sign in', { Email, Password })))).toBe('/account')
  })

  it('says the same of a wrong password, an unknown address and a disabled account, and counts the tries', async () => {
    const browser = server.newBrowser()
    const disabled = await server.addAccount('gone@example.com', { disabled: true })
    const answers = []
    for (const [Email, Password] of [
      [server.account.email, 'wrong'],
      ['nobody@example.com', 'wrong'],
      [disabled.email, disabled.password],
    ] as const) {
      const { status, text } = pageOf(await browser.press(await open(browser), 'Sign in', { Email, Password }))
      answers.push([status, text.includes('That email and password do not match')])
    }
    expect(answers).toEqual([
      [401, true],
      [401, true],
      [401, true],
    ])
    const other = await server.addAccount('tried@example.com')
    let page = await open(browser)
    for (let tries = 0; tries < 11; tries += 1)
      page = pageOf(await browser.press(page, 'Sign in', { Email: other.email, Password: 'wrong' }))
    expect([page.status, page.headers.has('retry-after')]).toEqual([429, true])
  })

  it('signs in nobody by a form of another browser, or of another site', async () => {
    const page = await open()
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const fields = { csrf, email: server.account.email, password: server.account.password }
    const victim = server.newBrowser()
    await open(victim)
    const action = page.forms[0]?.action ?? ''
    expect(pageOf(await victim.post(action, fields)).status).toBe(403)
    const own = await open(victim)
    const ownToken = own.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    expect(pageOf(await victim.post(action, { ...fields, csrf: ownToken }, 'http://evil.example/')).status).toBe(403)
    expect(isSignInPage(await open(victim))).toBe(true)
  })

  it('gives the session a new cookie with each sign-in, and ends the session of the person before', async () => {
    const browser = server.newBrowser()
    const other = await server.addAccount('next@example.com')
    await signIn(browser)
    const { issuer } = server
    const cookieOf = () =>
      new RegExp(`${sessionCookie(issuer)}=([^;]+)`).exec(browser.cookies.header(new URL(issuer)) ?? '')?.[1]
    const first = cookieOf()
    const { email: Email, password: Password } = other
    const page = pageOf(
      await browser.press(await open(browser, '/account/sign-in?to=/account'), 'Sign in', { Email, Password }),
    )
    expect(page.text).toContain(other.email)
    expect(cookieOf()).not.toBe(first)
    const thief = server.newBrowser()
    thief.cookies.store(new URL(issuer), [`${sessionCookie(issuer)}=${first}; Path=/`])
    expect(isSignInPage(await open(thief))).toBe(true)
  })

  it('signs out, by its own form alone', async () => {
    const browser = server.newBrowser()
    const page = await signIn(browser)
    expect(pageOf(await browser.post(`${server.issuer}/account/sign-out`, { csrf: 'made up' })).status).toBe(403)
    const out = pageOf(await browser.press(page, 'Sign out'))
    expect([pathOf(out), out.heading]).toEqual(['/logout/success', 'You are signed out'])
    expect(isSignInPage(await open(browser))).toBe(true)
  })

  it('shows nobody a disabled account, nor a session that ended', async () => {
    const browser = server.newBrowser()
    const person = await server.addAccount('leaving@example.com')
    expect((await signIn(browser, '/account', person)).heading).toBe('Overview')
    await server.accounts.disable(person.id)
    expect(isSignInPage(await open(browser))).toBe(true)
  })

  it('says that there is nothing at an address without a section', async () => {
    const browser = server.newBrowser()
    await signIn(browser)
    for (const path of ['/account/nothing', '/account/overview', '/account/constructor', '/account/overview/toString'])
      expect([path, (await open(browser, path)).status]).toEqual([path, 404])
  })

  it('keeps cookies apart by the port, on loopback', async () => {
    const browser = createBrowser([server.issuer])
    await signIn(browser)
    const { port } = new URL(server.issuer)
    const names = (browser.cookies.header(new URL(`${server.issuer}/account`)) ?? '')
      .split('; ')
      .map((pair) => pair.split('=')[0])
    expect(names.length).toBeGreaterThan(1)
    expect(names.filter((name) => !name?.replace(/\.sig$/, '').endsWith(`_${port}`))).toEqual([])
  })
})
