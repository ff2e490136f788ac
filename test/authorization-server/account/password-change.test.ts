/** A new password on the security page of an account. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { randomSecret } from '../../../src/base/secrets.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { newGrant, obtainTokens } from '../../support/oauth-client.js'
import { type MailingServer, startMailingServer } from '../recovery-server.js'

const newPassword = 'granite swallow under lantern'

describeOnDatabases('The password on the security page, on %s', (kind) => {
  let server: MailingServer
  beforeAll(async () => {
    server = await startMailingServer(kind)
  })
  afterAll(() => server.close())

  const newPerson = () => server.addAccount(`person-${randomSecret(6).toLowerCase()}@example.test`)
  const open = async (browser: Browser) => pageOf(await browser.open(`${server.issuer}/account/security`))
  const signIn = async (browser: Browser, email: string, password: string) =>
    pageOf(await browser.press(await open(browser), 'Sign in', { Email: email, Password: password }))
  const save = async (browser: Browser, page: Page, current: string, password = newPassword) =>
    pageOf(await browser.press(page, 'Save', { 'Current password': current, 'New password': password }))

  it('is changed with the current one, ends all other browsers and tells the person', async () => {
    const { id, email, password } = await newPerson()
    const [here, there] = [server.newBrowser(), server.newBrowser()]
    await signIn(there, email, password)
    const saved = await save(here, await signIn(here, email, password), password)
    expect([saved.status, saved.heading]).toEqual([200, 'Security'])
    expect(saved.text).toContain('Your password is changed')
    expect([(await open(here)).heading, (await open(there)).heading]).toEqual(['Security', 'Sign in'])
    expect((await signIn(there, email, password)).status).toBe(401)
    expect((await signIn(server.newBrowser(), email, newPassword)).heading).toBe('Security')
    await server.deliver()
    expect(server.smtp.to(email).map(({ subject }) => subject)).toEqual(['Your password was changed'])
    const events = await server.storage.prisma.auditEvent.findMany({
      where: { accountId: id, type: 'account.password_changed' },
    })
    expect(events.map(({ detail }) => detail)).toEqual([expect.objectContaining({ by: 'account page' })])
    expect(server.logLines.join('\n')).not.toContain(newPassword)
  })

  it('stays as it is with a wrong current one, which counts as a try to sign in', async () => {
    const { email, password } = await newPerson()
    const browser = server.newBrowser()
    let page = await signIn(browser, email, password)
    const statuses: number[] = []
    for (let tries = 0; tries < 12; tries += 1) {
      page = await save(browser, page, 'wrong wrong wrong')
      statuses.push(page.status)
    }
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429])
    expect(page.text).toContain('too many tries')
    expect((await save(browser, page, password)).status).toBe(429)
  })

  it('is refused by the rules of any password', async () => {
    const { email, password } = await newPerson()
    const browser = server.newBrowser()
    const page = await save(browser, await signIn(browser, email, password), password, 'too short')
    expect([page.status, page.text.includes('15 characters')]).toEqual([422, true])
  })

  it('is changed by one of several forms that are posted at once', async () => {
    const { email, password } = await newPerson()
    const browser = server.newBrowser()
    const page = await signIn(browser, email, password)
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, index) => save(browser, page, password, `${newPassword} ${index}`)),
    )
    expect(answers.filter(({ text }) => text.includes('Your password is changed')).length).toBeGreaterThanOrEqual(1)
    const { passwordHash } = (await server.accounts.findByEmail(email)) ?? {}
    expect(passwordHash).toBeDefined()
    const changed = await server.storage.prisma.auditEvent.count({
      where: {
        type: 'account.password_changed',
        detail: { path: ['by'], equals: 'account page' },
        accountId: (await server.accounts.findByEmail(email))?.id ?? '',
      },
    })
    expect(changed).toBe(1)
  })

  it('is told by mail when a program is connected that the person never allowed anything', async () => {
    const person = await newPerson()
    const grant = await newGrant(server)
    for (let times = 0; times < 2; times += 1) await obtainTokens(grant, server.newBrowser(), { account: person })
    await server.deliver()
    const mails = server.smtp.to(person.email)
    expect(mails.map(({ subject }) => subject)).toEqual(['A new program has access'])
    expect(mails[0]?.links).toEqual([`${server.issuer}/account/apps`])
  })
})
