/** Invitations: a link works once and for a week, makes the account of its address with its groups, and signs the person in. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { notesResource } from '../../src/notes/notes-resource.js'
import type { SignUp } from '../../src/oauth/declared-resource.js'
import { createAccountInvitations, invitationSeconds } from '../../src/storage/accounts/account-invitations.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { declaring, type MutableDeclarations, mutableDeclarations } from '../support/declarations.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { startServer, type TestServer } from './server.js'

const password = 'quarrel velvet harbour'

describeOnDatabases('Invitations, on %s', (kind) => {
  let server: TestServer
  let declarations: MutableDeclarations
  beforeAll(async () => {
    declarations = mutableDeclarations(declaring(notesResource('http://localhost:4000/mcp', [])).current())
    server = await startServer(kind, { declarations })
  })
  afterAll(() => server.close())

  const linkFor = async (email: string, groups: readonly string[] = []) => {
    const token = await createAccountInvitations(server.storage).issue({ email, groups })
    return { token, url: `${server.issuer}/invite/${token}` }
  }
  const signUp = (policy: SignUp['policy'] | undefined) =>
    declarations.replace({ signUp: policy === undefined ? undefined : { policy } })
  const create = (browser: Browser, page: Page, entries = {}) =>
    browser.press(page, 'Create account', { Name: 'Kim', Password: password, ...entries })
  const accountOf = (email: string) => server.storage.prisma.account.findUnique({ where: { email } })

  it('make the account of their address, verified and in its groups, and sign in', async () => {
    const { url, token } = await linkFor('Kim@Example.com', ['support', 'support', 'staff'])
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(url))
    expect(page.heading).toBe('Create your account')
    const fields = page.forms.flatMap((form) => form.fields)
    expect(fields.find(({ name }) => name === 'email')).toMatchObject({ value: 'kim@example.com' })
    const done = pageOf(await create(browser, page))
    expect(new URL(done.url).pathname).toBe('/account')
    expect(done.text).toContain('kim@example.com')
    const account = await accountOf('kim@example.com')
    expect(account).toMatchObject({ name: 'Kim', emailVerified: true })
    const members = await server.storage.prisma.groupMember.findMany({ where: { member: account?.id ?? '' } })
    expect(members.map(({ group, source }) => [group, source]).sort()).toEqual([
      ['staff', 'invitation'],
      ['support', 'invitation'],
    ])
    const events = await server.storage.prisma.auditEvent.findMany({ where: { accountId: account?.id ?? '' } })
    expect(events.map(({ type }) => type).sort()).toEqual(['account.created', 'sign_in.succeeded'])
    expect(server.logLines.join('\n')).not.toContain(token)
    expect(server.logLines.join('\n')).toContain('/invite/:token')
    // The person signs in with what they chose.
    const again = server.newBrowser()
    const signIn = pageOf(await again.open(`${server.issuer}/account`))
    const inside = await again.press(signIn, 'Sign in', { Email: 'kim@example.com', Password: password })
    expect(pageOf(inside).text).toContain('kim@example.com')
  })

  it('end once they are used, replaced or a week old, and where the address has an account: 410, with the way on', async () => {
    const used = await linkFor('used@example.com')
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(used.url))
    await create(browser, page)
    const replaced = await linkFor('twice@example.com')
    await linkFor('twice@example.com')
    const taken = await linkFor('taken@example.com')
    await server.addAccount('taken@example.com')
    for (const url of [
      used.url,
      replaced.url,
      taken.url,
      `${server.issuer}/invite/nonsense`,
      `${server.issuer}/invite/${'x'.repeat(4_000)}`,
    ]) {
      const gone = pageOf(await server.newBrowser().open(url))
      expect([url.length, gone.status, gone.heading]).toEqual([url.length, 410, 'This invitation no longer works'])
      expect(gone.text).toMatch(/ask the person who invited you for a new link/)
    }
    // A form that was open before.
    expect(
      pageOf(await create(server.newBrowser(), page).catch(() => ({ page: { ...page, status: 410 } }))).status,
    ).toBe(410)
    const old = await linkFor('late@example.com')
    const late = server.newBrowser()
    const open = pageOf(await late.open(old.url))
    server.advance(invitationSeconds + 1)
    expect(pageOf(await create(late, open)).status).toBe(410)
    expect(pageOf(await late.open(old.url)).status).toBe(410)
    server.advance(-invitationSeconds - 1)
    expect(await accountOf('late@example.com')).toBeNull()
  })

  it('refuse a weak password and what another site sends, and stay usable', async () => {
    const { url } = await linkFor('weak@example.com')
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(url))
    for (const weak of ['sesame', 'weak@example.com', 'password password'])
      expect(pageOf(await create(browser, page, { Password: weak })).status).toBe(422)
    const forged = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ password, name: 'Eve' }),
      headers: { origin: 'https://evil.example' },
      redirect: 'manual',
    })
    expect(forged.status).toBe(403)
    expect(await accountOf('weak@example.com')).toBeNull()
    // A posted address changes nothing: the invitation's counts.
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    await browser.post(url, { csrf, password, email: 'eve@example.com' }, url)
    expect([await accountOf('eve@example.com'), (await accountOf('weak@example.com'))?.name]).toEqual([null, null])
  })

  it('make one account, of 50 requests at a time', async () => {
    const { url } = await linkFor('race@example.com', ['support'])
    const page = pageOf(await server.newBrowser().open(url))
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        fetch(url, {
          method: 'POST',
          body: new URLSearchParams({ csrf, password, name: 'Kim' }),
          headers: { origin: server.issuer },
          redirect: 'manual',
        }),
      ),
    )
    const statuses = answers.map(({ status }) => status)
    expect(statuses.filter((status) => status === 303)).toHaveLength(1)
    expect(statuses.filter((status) => ![303, 410, 503].includes(status))).toEqual([])
    expect(
      answers.filter(({ headers }) => headers.getSetCookie().some((cookie) => /session/.test(cookie))),
    ).toHaveLength(1)
    const account = await accountOf('race@example.com')
    expect(await server.storage.prisma.session.count({ where: { accountId: account?.id ?? '' } })).toBe(1)
    expect(
      await server.storage.prisma.auditEvent.count({
        where: { accountId: account?.id ?? '', type: 'account.created' },
      }),
    ).toBe(1)
  })

  it('are worth nothing while sign-up is closed', async () => {
    const { url } = await linkFor('closed@example.com')
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(url))
    signUp('closed')
    expect(pageOf(await create(browser, page)).status).toBe(410)
    expect(pageOf(await browser.open(url)).status).toBe(410)
    signUp(undefined)
    expect(pageOf(await browser.open(url)).status).toBe(200)
  })

  it('end the session of somebody else in the same browser', async () => {
    const browser = server.newBrowser()
    const signIn = pageOf(await browser.open(`${server.issuer}/account`))
    await browser.press(signIn, 'Sign in', { Email: server.account.email, Password: server.account.password })
    const { url } = await linkFor('second@example.com')
    const done = pageOf(await create(browser, pageOf(await browser.open(url))))
    expect(done.text).toContain('second@example.com')
    const { id = '' } = (await accountOf(server.account.email)) ?? {}
    expect(await server.storage.prisma.session.count({ where: { accountId: id } })).toBe(0)
  })
})
