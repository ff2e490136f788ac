import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isSignInPage } from '../support/authorization.js'
import { type Browser, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { type Grant, newGrant, obtainTokens, refresh, register, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const signedOutUri = 'https://client.example/signed-out'

describeOnDatabases('Signing out (OpenID Connect RP-Initiated Logout), on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    const native = await newGrant(server)
    const { client_id: clientId } = await register(native.server, {
      redirect_uris: [native.redirectUri],
      post_logout_redirect_uris: [signedOutUri],
    })
    grant = { ...native, clientId }
  })
  afterAll(() => server.close())

  const signedIn = async () => {
    const browser = server.newBrowser()
    const tokens = await obtainTokens(grant, browser, { account: server.account }, 'openid notes:read')
    return { browser, tokens }
  }
  const hasSession = async (browser: Browser) => {
    const page = pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url))
    return !isSignInPage(page)
  }
  const logout = (parameters: Record<string, string> = {}) =>
    `${server.issuer}/logout?${new URLSearchParams(parameters)}`

  it('asks first: a link from anywhere signs nobody out (ASVS 10.6.2)', async () => {
    const { browser } = await signedIn()
    const page = pageOf(await browser.open(logout()))
    expect(page.heading).toBe('Sign out?')
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(await hasSession(browser)).toBe(true)
  })

  it('ends the session in this browser, and says so', async () => {
    const { browser } = await signedIn()
    const other = (await signedIn()).browser
    const page = pageOf(await browser.press(pageOf(await browser.open(logout())), 'Sign out'))
    expect(page.heading).toBe('You are signed out')
    expect(await hasSession(browser)).toBe(false)
    expect(await hasSession(other)).toBe(true)
  })

  it('does nothing when the person stays', async () => {
    const { browser } = await signedIn()
    const page = pageOf(await browser.press(pageOf(await browser.open(logout())), 'Stay signed in'))
    expect(page.heading).toBe('You are still signed in')
    expect(await hasSession(browser)).toBe(true)
  })

  it('leaves what the person allowed: refresh tokens go on', async () => {
    const { browser, tokens } = await signedIn()
    await browser.press(pageOf(await browser.open(logout())), 'Sign out')
    expect((await refresh(grant, tokens.refresh_token ?? '')).status).toBe(200)
  })

  it('goes back to the client when it registered where, with its state', async () => {
    const { browser, tokens } = await signedIn()
    const url = logout({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: signedOutUri, state: 'x y' })
    const arrival = await browser.press(pageOf(await browser.open(url)), 'Sign out')
    expect(arrival).toEqual({ left: `${signedOutUri}?state=x+y` })
  })

  it.each([
    'https://evil.example/',
    `${signedOutUri}/`,
    `${signedOutUri}?x=1`,
    'javascript:alert(1)',
    '//evil.example',
    '/\\evil.example',
  ])('goes nowhere that was not registered: %s', async (uri) => {
    const { browser, tokens } = await signedIn()
    for (const hint of [{ client_id: grant.clientId }, { id_token_hint: tokens.id_token ?? '' }, {}]) {
      const arrival = await browser.open(logout({ ...hint, post_logout_redirect_uri: uri }))
      const page = pageOf(arrival)
      if (page.status === 200) {
        const done = await browser.press(page, 'Sign out')
        expect(pageOf(done).heading).toBe('You are signed out')
      } else expect(page.status).toBe(400)
      expect(page.html).not.toMatch(/evil|alert/)
    }
  })

  it('without its own proof is refused', async () => {
    const { browser } = await signedIn()
    await browser.open(logout())
    for (const fields of [{ logout: 'yes' }, { logout: 'yes', xsrf: 'x'.repeat(21) }]) {
      const page = pageOf(await browser.post(`${server.issuer}/logout/confirm`, fields, 'https://evil.example/'))
      expect([400, 403]).toContain(page.status)
    }
    expect(await hasSession(browser)).toBe(true)
  })

  it('of somebody who is not signed in is no error, and leads nowhere by itself', async () => {
    const hint = { client_id: grant.clientId, post_logout_redirect_uri: signedOutUri, state: 'x y' }
    for (const parameters of [{}, hint]) {
      const page = pageOf(await server.newBrowser().open(logout(parameters)))
      expect([page.status, page.heading]).toEqual([200, 'You are signed out'])
      expect(page.html).not.toContain('<script')
      expect(page.html.includes(`href="${signedOutUri}?state=x+y"`)).toBe(parameters === hint)
    }
  })

  it('is an event when somebody signed out, not when they stayed, nor of nobody', async () => {
    const { browser } = await signedIn()
    const count = () => server.storage.prisma.auditEvent.count({ where: { type: 'signed_out' } })
    const before = await count()
    await browser.press(pageOf(await browser.open(logout())), 'Stay signed in')
    const signOut = pageOf(await browser.open(logout()))
    await browser.press(signOut, 'Sign out')
    await browser.open(logout())
    const nobody = server.newBrowser()
    const operators = { client_id: 'operators', post_logout_redirect_uri: signedOutUri }
    const metadata = {
      client_id: 'operators',
      redirect_uris: [signedOutUri],
      post_logout_redirect_uris: [signedOutUri],
    }
    await server.clients.save('operators', { ...metadata, token_endpoint_auth_method: 'none' }, 'static')
    expect(await nobody.open(logout(operators))).toEqual({ left: signedOutUri })
    await eventually(async () => (await count()) > before)
    expect(await count()).toBe(before + 1)
  })

  it.each(['x', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', '..'])('does not fail for the hint %j', async (hint) => {
    const { browser } = await signedIn()
    const page = pageOf(await browser.open(logout({ id_token_hint: hint })))
    expect(page.status).toBe(400)
    expect(await hasSession(browser)).toBe(true)
  })
})
