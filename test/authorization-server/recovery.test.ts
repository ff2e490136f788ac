/** A forgotten password, from the sign-in page to the new password, by mail and by the operator's link. */
import { request } from 'node:http'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createAccountLinks, resetLinkSeconds } from '../../src/authorization-server/accounts/account-links.js'
import { hashSecret, randomSecret } from '../../src/base/secrets.js'
import { writeTogether } from '../../src/database/writes.js'
import { parseUsageLimits } from '../../src/oauth/usage-limits.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { giveApp } from '../support/factors.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { type MailingServer, startMailingServer } from './recovery-server.js'
import { startServer } from './server.js'

const newPassword = 'granite swallow under lantern'

describeOnDatabases('A forgotten password, on %s', (kind) => {
  let server: MailingServer
  beforeAll(async () => {
    server = await startMailingServer(kind)
  })
  afterAll(() => server.close())

  const newPerson = () => server.addAccount(`person-${randomSecret(6).toLowerCase()}@example.test`)
  const askAndDeliver = async (email: string) => {
    const page = await server.ask(email)
    await server.deliver()
    return page
  }
  const open = async (url: string, browser: Browser = server.newBrowser()) => pageOf(await browser.open(url))
  const save = async (page: Page, password = newPassword, more = {}, browser = server.newBrowser()) =>
    pageOf(await browser.press(page, 'Save', { 'New password': password, ...more }))
  const signInPage = async (browser: Browser) => {
    const grant = await newGrant(server)
    return pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url))
  }
  const signsIn = async (email: string, password: string, browser = server.newBrowser()) =>
    isConsentPage(pageOf(await signIn(browser, await signInPage(browser), { email, password })))
  const linkOf = async (accountId: string) => {
    const { path, write } = createAccountLinks(server.storage).newReset(accountId)
    await writeTogether(server.storage.database.sql, [write])
    return `${server.issuer}${path}`
  }

  it('is replaced by way of the sign-in page and a mail', async () => {
    const { email, password } = await newPerson()
    const browser = server.newBrowser()
    const link = (await signInPage(browser)).links.find(({ text }) => text === 'Forgot password?')
    const asked = pageOf(
      await browser.press(await open(link?.href ?? '', browser), 'Send link', { Email: ` ${email.toUpperCase()} ` }),
    )
    expect([asked.status, asked.heading]).toEqual([200, 'Look at your mail'])
    await server.deliver()
    const [mail] = server.smtp.to(email)
    expect(mail?.subject).toBe('Choose a new password')
    expect(mail?.links).toEqual([expect.stringMatching(new RegExp(`^${server.issuer}/reset/[\\w-]{32}$`))])
    const done = await save(await open(server.linkTo(email)))
    expect([done.status, done.heading]).toEqual([200, 'Your new password is saved'])
    expect([await signsIn(email, password), await signsIn(email, newPassword)]).toEqual([false, true])
    await server.deliver()
    expect(server.smtp.to(email).map(({ subject }) => subject)).toEqual([
      'Choose a new password',
      'Your password was changed',
    ])
  })

  it('ends the sessions of all browsers, and programs keep their access unless told otherwise', async () => {
    const person = await newPerson()
    const grants = () => server.storage.prisma.grant.count({ where: { accountId: person.id } })
    const sessions = () => server.storage.prisma.session.count({ where: { accountId: person.id } })
    const connect = async () => {
      const browser = server.newBrowser()
      await signIn(browser, await signInPage(browser), { ...person, password: person.password })
      return browser
    }
    const browser = await connect()
    await server.storage.prisma.grant.create({
      data: {
        id: randomSecret(8),
        accountId: person.id,
        clientId: 'x',
        payload: {},
        expiresAt: new Date(Date.now() + 60_000),
      },
    })
    expect(await sessions()).toBe(1)
    await save(await open(await linkOf(person.id)))
    expect([await sessions(), await grants()]).toEqual([0, 1])
    expect((await signInPage(browser)).heading).toBe('Sign in')
    await save(await open(await linkOf(person.id)), `${newPassword} more`, { 'Also disconnect all programs': true })
    expect(await grants()).toBe(0)
  })

  it('has links that work once, also when they are used 50 times at once', async () => {
    const { id } = await newPerson()
    const link = await linkOf(id)
    const page = await open(link)
    const passwords = Array.from({ length: 50 }, (_, index) => `${newPassword} ${index}`)
    const answers = await Promise.all(passwords.map((password) => save(page, password)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 410)).toHaveLength(49)
    const used = await open(link)
    expect([used.status, used.heading]).toEqual([410, 'This link no longer works'])
    expect(used.text).toContain('Forgot password?')
    expect((await save(page)).status).toBe(410)
  })

  it('has links that end after 30 minutes, with the next password, and with the account', async () => {
    const { id } = await newPerson()
    const [used, other] = [await linkOf(id), await linkOf(id)]
    await save(await open(used))
    expect((await open(other)).status).toBe(410)
    const late = await linkOf(id)
    const page = await open(late)
    server.advance(resetLinkSeconds - 1)
    expect((await open(late)).status).toBe(200)
    server.advance(2)
    expect([(await open(late)).status, (await save(page)).status]).toEqual([410, 410])
    const disabled = await linkOf(id)
    const before = await open(disabled)
    await server.accounts.disable(id)
    expect([(await open(disabled)).status, (await save(before)).status]).toEqual([410, 410])
  })

  it.each(['x', '%00', '..%2f', 'x'.repeat(3_000)])('says the same of a link that never was: %.20j', async (token) => {
    expect([400, 404, 410]).toContain((await open(`${server.issuer}/reset/${token}`)).status)
  })

  it('leaves the link as it was when the password is refused', async () => {
    const { id, email } = await newPerson()
    const link = await linkOf(id)
    let page = await open(link)
    for (const [password, words] of [
      ['too short', '15 characters'],
      ['Password123456789', 'first that attackers try'],
      [`${email} x`, ''],
    ] as const) {
      page = await save(page, password)
      expect([page.status, page.text.includes(words)]).toEqual([422, true])
      expect(page.html).not.toContain(password)
    }
    expect((await save(page)).status).toBe(200)
  })

  it('answers alike for every address, and the mail says what applies', async () => {
    const known = await newPerson()
    const disabled = await server.addAccount('disabled@example.test', { disabled: true })
    await server.accounts.add({ email: 'upstream@example.test' })
    const people = [known.email, disabled.email, 'upstream@example.test', 'nobody@example.test']
    await server.deliver()
    const pages: string[] = []
    for (const email of people)
      pages.push((await server.ask(email)).html.replaceAll(email, '…').replace(/-[\w-]{8}"/g, '"'))
    expect(new Set(pages).size).toBe(1)
    // What is stored until then is alike too.
    expect((await server.storage.prisma.mail.findMany()).map((row) => row.kind)).toEqual(people.map(() => 'recover'))
    await server.deliver()
    expect(people.map((email) => server.smtp.to(email).map(({ subject, links }) => [subject, links.length]))).toEqual([
      [['Choose a new password', 1]],
      [['Your account is disabled', 0]],
      [['Your account has no password', 0]],
      [['No account with this address', 0]],
    ])
  })

  it('says what is wrong with a text that is no address', async () => {
    const page = await server.ask('ada')
    expect([page.status, page.text.includes('Enter an email address')]).toEqual([422, true])
  })

  it('sends links to the issuer alone, whatever a request says (CVE-2026-50635, CVE-2026-93453, CVE-2026-58202)', async () => {
    const { email } = await newPerson()
    const browser = server.newBrowser()
    const page = await open(`${server.issuer}/recover`, browser)
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const body = new URLSearchParams({ csrf, email }).toString()
    const post = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const outgoing = request(
          `${server.issuer}/recover`,
          { method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } },
          (answer) => {
            answer.resume()
            answer.once('end', () => resolve(answer.statusCode ?? 0))
          },
        )
        outgoing.once('error', reject)
        outgoing.end(body)
      })
    const evil = 'evil.example'
    const foreign = [
      { host: evil },
      { 'x-forwarded-host': evil },
      {
        'x-forwarded-host': evil,
        'x-forwarded-proto': 'https',
        'x-forwarded-port': '443',
        'x-forwarded-for': '1.2.3.4',
      },
      { forwarded: `host=${evil};proto=https` },
      { origin: `https://${evil}` },
      { referer: `https://${evil}/`, 'x-original-host': evil, 'x-host': evil, 'x-forwarded-prefix': '/evil' },
      { 'x-original-url': `https://${evil}/`, 'x-rewrite-url': '/evil', via: evil },
    ]
    for (const headers of foreign) await post(headers)
    await server.deliver()
    const links = server.smtp.to(email).flatMap((mail) => mail.links)
    expect(links.length).toBeGreaterThanOrEqual(4)
    expect(links.filter((link) => !link.startsWith(`${server.issuer}/reset/`))).toEqual([])
    expect(server.smtp.to(email).filter(({ raw }) => raw.includes('evil'))).toEqual([])
  })

  it('takes its own forms alone', async () => {
    const { id, email } = await newPerson()
    const before = await server.storage.prisma.mail.count()
    const link = await linkOf(id)
    const field = (page: Page) => page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const ask = `${server.issuer}/recover`
    const [ofAsk, ofReset] = [field(await open(ask)), field(await open(link))]
    const forged: readonly [string, Record<string, string>, string][] = [
      [ask, { email }, ask],
      [ask, { email, csrf: ofReset }, ask],
      [ask, { email, csrf: ofAsk }, 'https://evil.example/'],
      [link, { password: newPassword }, link],
      [link, { password: newPassword, csrf: ofAsk }, link],
      [link, { password: newPassword, csrf: ofReset }, 'https://evil.example/'],
    ]
    for (const [url, body, from] of forged)
      expect(pageOf(await server.newBrowser().post(url, body, from)).status).toBe(403)
    expect(await server.storage.prisma.mail.count()).toBe(before)
    expect((await open(link)).status).toBe(200)
  })

  it('leaves no token, password or address in a log, and no token in the database', async () => {
    const { email } = await newPerson()
    await askAndDeliver(email)
    const link = server.linkTo(email)
    const token = link.split('/').at(-1) ?? ''
    const page = await save(await open(link))
    const lines = [...server.logLines, ...server.mailLines].join('\n')
    expect(lines).toContain('/reset/:token')
    for (const secret of [token, newPassword, email]) expect(lines).not.toContain(secret)
    const rows = await server.storage.prisma.accountLink.findMany()
    expect(rows.some((row) => row.tokenHash === hashSecret(token))).toBe(true)
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(page.headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
  })

  it('is told in the audit trail, of who asked and what came of it', async () => {
    const { id, email } = await newPerson()
    await askAndDeliver(email)
    await save(await open(server.linkTo(email)))
    const events = await server.storage.prisma.auditEvent.findMany({ where: { accountId: id }, orderBy: { id: 'asc' } })
    expect(events.map(({ type, detail }) => [type, (detail as { by?: string }).by])).toEqual([
      ['account.reset_link', 'mail'],
      ['account.password_changed', 'reset link'],
    ])
  })

  it('makes the browser known with the new password, and no earlier one', async () => {
    const person = await newPerson()
    const [old, fresh] = [server.newBrowser(), server.newBrowser()]
    await signsIn(person.email, person.password, old)
    const proof = (browser: Browser) =>
      browser.cookies
        .header(new URL(`${server.issuer}/interaction/x`))
        ?.match(/gatehouse_known_browser\w*=([^;]+)/)?.[1]
    const before = proof(old)
    await save(await open(await linkOf(person.id), fresh), newPassword, {}, fresh)
    expect([before, proof(fresh)]).toEqual([expect.any(String), expect.any(String)])
    // Ten wrong tries from one address lock that address out, but not the browser that chose the password.
    for (let tries = 0; tries < 11; tries += 1) await signsIn(person.email, 'wrong wrong wrong')
    expect(await signsIn(person.email, newPassword, fresh)).toBe(true)
    expect(await signsIn(person.email, newPassword, old)).toBe(false)
  })

  it('keeps a second factor, the tries that it has left, and browsers unknown that have not shown it', async () => {
    const person = await newPerson()
    await giveApp(server.storage, person.id)
    const codePage = async (password: string) => {
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, await signInPage(browser), { email: person.email, password }))
      expect(page.heading).toBe('Enter the code')
      return async () => pageOf(await browser.press(page, 'Continue', { Code: '000000' })).status
    }
    const type = await codePage(person.password)
    const tries: number[] = []
    for (let time = 0; time < 11; time += 1) tries.push(await type())
    expect(tries).toEqual([...Array(10).fill(401), 429])
    const browser = server.newBrowser()
    await save(await open(await linkOf(person.id), browser), newPassword, {}, browser)
    expect(browser.cookies.names().filter((name) => name.includes('known_browser'))).toEqual([])
    expect(await (await codePage(newPassword))()).toBe(429)
  })

  it('speaks the language of the browser', async () => {
    const { email } = await newPerson()
    const german = await fetch(`${server.issuer}/recover`, { headers: { 'accept-language': 'de' } })
    expect(await german.text()).toContain('Link senden')
    expect((await open(`${server.issuer}/recover?ui_locales=ar`)).html).toContain('dir="rtl"')
    await askAndDeliver(email)
    expect(server.smtp.to(email)[0]?.html).toContain('lang="en" dir="ltr"')
  })

  it('writes in the language that the person chose, and keeps an address apart from words that run the other way', async () => {
    const { id, email } = await newPerson()
    await server.accounts.setLanguage(id, 'ar')
    await askAndDeliver(email)
    const [mail] = server.smtp.to(email)
    expect(mail?.html).toContain('lang="ar" dir="rtl"')
    expect(mail?.text).toContain(`\u2068${email}\u2069`)
    expect(mail?.links).toHaveLength(1)
  })
})

describeOnDatabases('Limits on mails, on %s', (kind) => {
  it('count the network of who asks, and say so', async () => {
    const server = await startMailingServer(kind, { usageLimits: parseUsageLimits('mail=3') })
    const statuses: number[] = []
    for (let asked = 0; asked < 5; asked += 1) statuses.push((await server.ask(`person-${asked}@example.test`)).status)
    expect(statuses).toEqual([200, 200, 200, 429, 429])
    server.advance(3_600)
    expect((await server.ask('ada@example.com')).status).toBe(200)
    await server.close()
  })

  it('count the address that is written to, and the page says nothing of it', async () => {
    const server = await startMailingServer(kind, { usageLimits: parseUsageLimits('mail=0') })
    const { email } = server.account
    for (let asked = 0; asked < 6; asked += 1) {
      expect((await server.ask(email)).status).toBe(200)
      await server.ask('nobody@example.test')
    }
    await server.deliver()
    expect([server.smtp.to(email).length, server.smtp.to('nobody@example.test').length]).toEqual([3, 1])
    // Whoever used up the limit sent the owner a link that works for as long as the limit holds.
    expect(pageOf(await server.newBrowser().open(server.linkTo(email))).status).toBe(200)
    server.advance(1_800)
    await server.ask(email)
    await server.deliver()
    expect(server.smtp.to(email)).toHaveLength(4)
    await server.close()
  })
})

describeOnDatabases('Without mail, on %s', (kind) => {
  it('the page of a forgotten password says what to do, and a link of the operator works', async () => {
    const server = await startServer(kind)
    const page = pageOf(await server.newBrowser().open(`${server.issuer}/recover`))
    expect([page.status, page.forms.length]).toEqual([200, 0])
    expect(page.text).toContain('Ask the people who run Gatehouse for a link')
    await server.close()
  })
})
