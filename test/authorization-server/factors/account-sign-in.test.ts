/** Second factors and passkeys at the sign-in of the account area, and as a proof there. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { codeAt, giveApp, givePasskey, giveRecoveryCodes, passkeyOptions } from '../../support/factors.js'
import { newGrant, startAuthorization } from '../../support/oauth-client.js'
import { createSoftwareAuthenticator } from '../../support/software-authenticator.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('Signing in to the account area, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(() => server.close())

  const account = () => `${server.issuer}/account`
  const isAccount = ({ text }: Page, email: string) => text.includes(`Signed in as ${email}`)
  const follow = async (browser: Browser, page: Page, text: string) => {
    const href = page.links.find((link) => link.text === text)?.href
    if (href === undefined) throw new Error(`no link "${text}" on "${page.heading}"`)
    return pageOf(await browser.open(new URL(href, page.url).href))
  }
  const sessionsOf = (accountId: string) => server.storage.prisma.session.count({ where: { accountId } })

  it('asks for the code behind the password, and opens nothing before', async () => {
    const person = await server.addAccount('code@example.com')
    const secret = await giveApp(server.storage, person.id)
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, pageOf(await browser.open(account())), person))
    expect([page.heading, await sessionsOf(person.id)]).toEqual(['Enter the code', 0])
    expect(isAccount(pageOf(await browser.open(account())), person.email)).toBe(false)
    const wrong = pageOf(await browser.press(page, 'Continue', { Code: '000000' }))
    expect(wrong.status).toBe(401)
    const code = codeAt(secret, server.storage.clock.now())
    const other = server.newBrowser()
    expect(isAccount(pageOf(await browser.press(wrong, 'Continue', { Code: code })), person.email)).toBe(true)
    // Once, here too.
    const again = pageOf(await signIn(other, pageOf(await other.open(account())), person))
    expect(pageOf(await other.press(again, 'Continue', { Code: code })).status).toBe(401)
    expect(await sessionsOf(person.id)).toBe(1)
  })

  it('knows the password in its own browser, for ten minutes and as long as it is the password', async () => {
    const person = await server.addAccount('kept@example.com')
    const secret = await giveApp(server.storage, person.id)
    const enter = async (meanwhile: () => unknown) => {
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, pageOf(await browser.open(account())), person))
      await meanwhile()
      return pageOf(await browser.press(page, 'Continue', { Code: codeAt(secret, server.storage.clock.now()) }))
    }
    expect((await enter(() => server.advance(601))).heading).toBe('Sign in')
    expect((await enter(() => server.accounts.setPasswordHash(person.id, 'another'))).heading).toBe('Sign in')
    expect(await sessionsOf(person.id)).toBe(0)
  })

  it('takes a recovery code in place of the app, and for an account without a password', async () => {
    const person = await server.addAccount('recovery@example.com')
    await giveApp(server.storage, person.id)
    const [code = '', other = ''] = await giveRecoveryCodes(server.storage, person.id)
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, pageOf(await browser.open(account())), person))
    const recovery = await follow(browser, page, 'Use a recovery code')
    const entered = pageOf(await browser.press(recovery, 'Continue', { 'Recovery code': code }))
    expect(isAccount(entered, person.email)).toBe(true)
    await server.storage.prisma.account.update({ where: { id: person.id }, data: { passwordHash: null } })
    const second = server.newBrowser()
    const passkeyPage = await follow(second, pageOf(await second.open(account())), 'Use a passkey')
    const alone = await follow(second, passkeyPage, 'Use a recovery code')
    const entries = { Email: person.email, 'Recovery code': other }
    expect(isAccount(pageOf(await second.press(alone, 'Continue', entries)), person.email)).toBe(true)
    expect(pageOf(await server.newBrowser().press(alone, 'Continue', entries)).status).toBe(403)
  })

  it('takes a passkey, which was signed for this page and not for a client', async () => {
    const person = await server.addAccount('passkey@example.com')
    const device = createSoftwareAuthenticator(server.issuer)
    await givePasskey(server.storage, person.id, device)
    const browser = server.newBrowser()
    const page = await follow(browser, pageOf(await browser.open(account())), 'Use a passkey')
    const grant = await newGrant(server)
    const signInPage = pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'openid' }).url))
    // GHSA-hp74-gm6m-2qm5: a proof for another purpose is none.
    const elsewhere = device.get(passkeyOptions(signInPage))
    expect(pageOf(await browser.press(page, 'Continue', { credential: elsewhere })).status).toBe(401)
    const credential = device.get(passkeyOptions(page))
    expect(isAccount(pageOf(await browser.press(page, 'Continue', { credential })), person.email)).toBe(true)
    const [session] = await server.storage.prisma.session.findMany({ where: { accountId: person.id } })
    expect(session?.payload).toMatchObject({ acr: 'phr', amr: ['hwk', 'user', 'mfa'] })
  })
})
