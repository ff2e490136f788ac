import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import {
  createSetupLinks,
  setupLinkTtlSeconds,
  setupLinkUrl,
} from '../../src/authorization-server/accounts/setup-link.js'
import { isConsentPage, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

const first = { Email: 'Grace@Example.com', Password: 'quartz ladder seven breezes' }

describeOnDatabases('The set-up link, on %s', (kind) => {
  let server: TestServer
  let link: string
  beforeAll(async () => {
    server = await startServer(kind)
  })
  beforeEach(async () => {
    await server.storage.prisma.account.deleteMany()
    const token = await createSetupLinks(server.storage).issue()
    link = setupLinkUrl(server.issuer, token ?? '')
  })
  afterAll(() => server.close())

  const open = async (url = link): Promise<Page> => pageOf(await server.newBrowser().open(url))
  const create = async (page: Page, entries: Record<string, string> = first): Promise<Page> =>
    pageOf(await server.newBrowser().press(page, 'Create account', entries))

  it('creates the first account, which can sign in at once', async () => {
    const done = await create(await open())
    expect([done.status, done.heading]).toEqual([200, 'Your account is ready'])
    expect(done.text).toContain(server.resource)
    const browser = server.newBrowser()
    // No MCP server runs in this test: how to connect is told by the authorization server.
    const next = done.links.find(({ text }) => text === 'See how to connect each client')
    expect(pageOf(await browser.open(next?.href ?? '')).heading).toBe('Connect to Gatehouse Notes')
    const grant = await newGrant(server)
    const page = pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url))
    const account = { email: 'grace@example.com', password: first.Password }
    expect(isConsentPage(pageOf(await signIn(browser, page, account)))).toBe(true)
  })

  it('is missed on the home page as long as there is no account, which does not give it away', async () => {
    const fresh = await startServer(kind)
    try {
      const browser = fresh.newBrowser()
      await fresh.storage.prisma.account.deleteMany()
      const token = (await createSetupLinks(fresh.storage).issue()) ?? ''
      const before = pageOf(await browser.open(`${fresh.issuer}/`))
      expect([before.text.includes('There is no account yet'), before.html.includes(token)]).toEqual([true, false])
      expect(before.html).not.toContain('/setup')
      await browser.press(pageOf(await browser.open(setupLinkUrl(fresh.issuer, token))), 'Create account', first)
      expect(pageOf(await browser.open(`${fresh.issuer}/`)).text).not.toContain('There is no account yet')
    } finally {
      await fresh.close()
    }
  })

  it('makes the browser known to the account that was made there, and to no other', async () => {
    const browser = server.newBrowser()
    const proof = () =>
      browser.cookies
        .header(new URL(`${server.issuer}/interaction/x`))
        ?.match(/gatehouse_known_browser\w*=([^;]+)/)?.[1]
    const page = pageOf(await browser.open(link))
    await browser.press(page, 'Create account', { ...first, Password: 'too short' })
    expect(proof()).toBeUndefined()
    await browser.press(page, 'Create account', first)
    const made = proof()
    expect(made).toMatch(/^\d+\.[\w-]{16}\.[\w-]{43}$/)

    // Signing in there goes on with the same proof: the same browser, counted as one.
    const grant = await newGrant(server)
    const signInPage = pageOf(
      await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url),
    )
    await signIn(browser, signInPage, { email: 'grace@example.com', password: first.Password })
    expect(
      proof()
        ?.split('~')
        .map((one) => one.split('.')[1]),
    ).toEqual([made?.split('.')[1]])
  })

  it('works once, also when it is posted many times at once', async () => {
    const page = await open()
    const people = Array.from({ length: 8 }, (_, index) => ({ ...first, Email: `person-${index}@example.com` }))
    const pages = await Promise.all(people.map((person) => create(page, person)))
    expect(pages.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(await server.accounts.count()).toBe(1)
    expect((await open()).status).toBe(404)
    expect((await create(page)).status).toBe(404)
  })

  it('ends after an hour', async () => {
    const page = await open()
    server.advance(setupLinkTtlSeconds + 1)
    const ended = await open()
    expect([ended.status, ended.heading]).toEqual([404, 'This set-up link no longer works'])
    // A code of a client's protocol would only confuse: no client asked.
    expect(ended.text).not.toContain('access_denied')
    expect((await create(page)).status).toBe(404)
    expect(await server.accounts.count()).toBe(0)
  })

  it('is gone once there is an account, however that came to be', async () => {
    const page = await open()
    await server.addAccount('somebody@example.com')
    expect((await open()).status).toBe(404)
    expect((await create(page)).status).toBe(404)
    expect(await server.accounts.count()).toBe(1)
  })

  it('is replaced by the next one', async () => {
    const next = await createSetupLinks(server.storage).issue()
    expect((await open()).status).toBe(404)
    expect((await open(setupLinkUrl(server.issuer, next ?? ''))).status).toBe(200)
  })

  it.each(['', '?token=', '?token=wrong', '?token=%00', '?token=a&token=b', `?token=${'x'.repeat(5_000)}`])(
    'does not open with %.30j, and says the same for each',
    async (query) => {
      const page = await open(`${server.issuer}/setup${query}`)
      expect([400, 404]).toContain(page.status)
      expect(page.html).not.toContain('Create account')
    },
  )

  it('explains what is wrong with an email or a password, keeps the email, and can be tried again', async () => {
    let page = await open()
    for (const [entries, words] of [
      [{ ...first, Password: 'too short' }, '15 characters'],
      [{ ...first, Email: 'grace' }, 'email address'],
      [{ ...first, Password: 'grace@example.com grace' }, ''],
    ] as const) {
      page = await create(page, entries)
      expect(page.status).toBe(422)
      expect(page.text).toContain(words)
      expect(page.html).not.toContain(entries.Password)
    }
    expect(await server.accounts.count()).toBe(0)
    expect((await create(page)).status).toBe(200)
  })

  it('takes its own form alone', async () => {
    const fields = { email: first.Email, password: first.Password }
    const csrf = (await open()).forms.flatMap((form) => form.fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const forged: readonly [Record<string, string>, string][] = [
      [fields, link],
      [{ ...fields, csrf: 'x'.repeat(43) }, link],
      [{ ...fields, csrf }, 'https://evil.example/'],
    ]
    for (const [body, from] of forged) {
      expect(pageOf(await server.newBrowser().post(link, body, from)).status).toBe(403)
    }
    expect(await server.accounts.count()).toBe(0)
  })

  it('leaves neither its token nor the password in the log, and tells no other site where it was', async () => {
    const page = await open()
    await create(page)
    const token = new URL(link).searchParams.get('token') ?? ''
    expect(server.logLines.join('\n')).not.toContain(token)
    expect(server.logLines.join('\n')).not.toContain(first.Password)
    expect(page.headers.get('referrer-policy')).toMatch(/^(no-referrer|same-origin)$/)
    expect(page.headers.get('cache-control')).toMatch(/no-store/)
  })
})
