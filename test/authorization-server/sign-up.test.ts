/** Sign-up by strangers: there is an account once the link of the mail was followed, and nobody learns which addresses have one. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { notesResource } from '../../src/notes/notes-resource.js'
import type { SignUp } from '../../src/oauth/declared-resource.js'
import { signUpSeconds } from '../../src/storage/accounts/account-invitations.js'
import { type Browser, pageOf } from '../support/browser.js'
import { declaring, type MutableDeclarations, mutableDeclarations } from '../support/declarations.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { type MailingServer, startMailingServer } from './recovery-server.js'

const password = 'quarrel velvet harbour'

describeOnDatabases('Sign-up, on %s', (kind) => {
  let server: MailingServer
  let declarations: MutableDeclarations
  beforeAll(async () => {
    const declared = declaring(notesResource('http://localhost:4000/mcp', [])).current()
    declarations = mutableDeclarations({ ...declared, signUp: { policy: 'open' } })
    server = await startMailingServer(kind, { declarations })
  })
  afterAll(() => server.close())
  beforeEach(() => allow({ policy: 'open' }))

  const allow = (signUp: SignUp) => declarations.replace({ signUp })
  const signUp = async (browser: Browser, email: string, entries = {}) => {
    const page = pageOf(await browser.open(`${server.issuer}/sign-up`))
    return pageOf(
      await browser.press(page, 'Create account', { Email: email, Name: 'Kim', Password: password, ...entries }),
    )
  }
  const accountOf = (email: string) => server.storage.prisma.account.findUnique({ where: { email } })

  it('makes the account when the link of the mail is followed in the same browser, and signs in', async () => {
    const browser = server.newBrowser()
    const signIn = pageOf(await browser.open(`${server.issuer}/account`))
    expect(signIn.text).toContain('Create an account')
    expect((await signUp(browser, 'Kim@Example.com')).heading).toBe('Look at your mail')
    await server.deliver()
    const link = server.linkTo('kim@example.com')
    expect(link).toMatch(new RegExp(`^${server.issuer}/verify/[\\w-]{32}$`))
    expect(await accountOf('kim@example.com')).toBeNull()
    // Looking is not enough: mail programs look, too.
    const page = pageOf(await browser.open(link))
    expect(await accountOf('kim@example.com')).toBeNull()
    const done = pageOf(await browser.press(page, 'Create account'))
    expect([new URL(done.url).pathname, done.text.includes('kim@example.com')]).toEqual(['/account', true])
    expect(await accountOf('kim@example.com')).toMatchObject({ name: 'Kim', emailVerified: true })
    const again = pageOf(await browser.open(link))
    expect([again.status, again.heading]).toEqual([410, 'This link no longer works'])
    expect(server.logLines.join('\n')).not.toContain(link.split('/').at(-1))
  })

  it('asks for the password in another browser: nobody chooses that of an address of somebody else', async () => {
    await signUp(server.newBrowser(), 'victim@example.com')
    await server.deliver()
    const victim = server.newBrowser()
    const page = pageOf(await victim.open(server.linkTo('victim@example.com')))
    const wrong = pageOf(await victim.press(page, 'Create account', { Password: 'not this one at all' }))
    expect([wrong.status, await accountOf('victim@example.com')]).toEqual([422, null])
    const right = pageOf(await victim.press(wrong, 'Create account', { Password: password }))
    expect(new URL(right.url).pathname).toBe('/account')
  })

  it('answers the same for an address that has an account; the mail says so', async () => {
    const known = await signUp(server.newBrowser(), server.account.email)
    const unknown = await signUp(server.newBrowser(), 'unknown@example.com')
    const shape = ({ status, heading, text }: typeof known) => [status, heading, text.replace(/\S+@\S+/g, '')]
    expect(shape(known)).toEqual(shape(unknown))
    await server.deliver()
    expect(server.linkTo(server.account.email)).toBe(`${server.issuer}/recover`)
    expect(server.linkTo('unknown@example.com')).toMatch(/\/verify\//)
  })

  it('makes one account of two sign-ups for one address, and of 50 requests with one link', async () => {
    const [first, second] = [server.newBrowser(), server.newBrowser()]
    await signUp(first, 'race@example.com')
    await server.deliver()
    const link = server.linkTo('race@example.com')
    const page = pageOf(await first.open(link))
    const csrf = page.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'csrf')?.value ?? ''
    await signUp(second, 'race@example.com', { Name: 'Eve' })
    await server.deliver()
    const other = pageOf(await second.open(server.linkTo('race@example.com')))
    const answers = await Promise.all(
      Array.from({ length: 50 }, () =>
        fetch(link, {
          method: 'POST',
          body: new URLSearchParams({ csrf, password }),
          headers: { origin: server.issuer },
          redirect: 'manual',
        }),
      ),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => ![303, 410, 503].includes(status))).toEqual([])
    expect(pageOf(await second.press(other, 'Create account')).status).toBe(410)
    expect(await accountOf('race@example.com')).toMatchObject({ name: 'Kim' })
  })

  it('takes the declared domains alone, and ends with them', async () => {
    allow({ policy: 'domains', domains: ['example.com'] })
    const refused = await signUp(server.newBrowser(), 'kim@example.com.evil.test')
    expect([refused.status, refused.text]).toEqual([422, expect.stringMatching(/cannot make an account here/)])
    const browser = server.newBrowser()
    expect((await signUp(browser, 'domain@example.com')).status).toBe(200)
    await server.deliver()
    allow({ policy: 'domains', domains: ['example.org'] })
    expect(pageOf(await browser.open(server.linkTo('domain@example.com'))).status).toBe(410)
    allow({ policy: 'invite' })
    for (const path of ['/sign-up', new URL(server.linkTo('domain@example.com')).pathname])
      expect(pageOf(await browser.open(server.issuer + path)).status).toBe(404)
    expect(pageOf(await server.newBrowser().open(`${server.issuer}/account`)).text).not.toContain('Create an account')
  })

  it('refuses what is wrong, and ends after a day', async () => {
    for (const entries of [{ Email: 'kim' }, { Password: 'sesame' }])
      expect((await signUp(server.newBrowser(), 'late@example.com', entries)).status).toBe(422)
    const forged = await fetch(`${server.issuer}/sign-up`, {
      method: 'POST',
      body: new URLSearchParams({ email: 'late@example.com', password }),
      headers: { origin: 'https://evil.example' },
    })
    expect(forged.status).toBe(403)
    const browser = server.newBrowser()
    await signUp(browser, 'late@example.com')
    await server.deliver()
    server.advance(signUpSeconds + 1)
    expect(pageOf(await browser.open(server.linkTo('late@example.com'))).status).toBe(410)
  })
})
