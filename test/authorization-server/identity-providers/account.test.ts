/** Other ways to sign in on the account pages: sign in by one, connect one, unlink one. */
import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { isSignInPage } from '../../support/authorization.js'
import { type Browser, createBrowser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { linksOf, type ProviderWorld, startProviderWorld } from './world.js'

describeOnDatabases('Identity providers on the account pages, on %s', (kind) => {
  let world: ProviderWorld
  let count = 0
  beforeAll(async () => {
    world = await startProviderWorld(kind)
  })
  afterAll(() => world.server.close())
  beforeEach(() => {
    world.declare()
    world.upstream.bend({})
    count += 1
  })

  const open = async (browser: Browser, path: string): Promise<Page> =>
    pageOf(await browser.open(`${world.server.issuer}${path}`))
  const newPerson = () => world.server.addAccount(`person-${count}-${kind}@example.com`)
  const signIn = async (browser: Browser, { email: Email, password: Password }: { email: string; password: string }) =>
    pageOf(await browser.press(await open(browser, '/account/security'), 'Sign in', { Email, Password }))
  const isLinked = async (sub: string, id: string) =>
    (await linksOf(world)).includes(`${world.upstream.issuer} ${sub} ${id}`)

  it('connects, signs in by it, and unlinks', async () => {
    const person = await newPerson()
    const browser = world.newBrowser()
    const sub = `sub-${count}`
    world.upstream.bend({ claims: { sub, email: 'quite-another@example.org' } })
    const connected = pageOf(await browser.press(await signIn(browser, person), 'Connect Acme'))
    expect(connected.text).toContain('Connected.')
    expect(new URL(connected.url).pathname).toBe('/account/security')
    expect(await isLinked(sub, person.id)).toBe(true)
    const other = world.newBrowser()
    const account = pageOf(await other.press(await open(other, '/account'), 'Continue with Acme'))
    expect(account.heading).toBe('Overview')
    expect(account.text).toContain(person.email)
    const unlinked = pageOf(await browser.press(await open(browser, '/account/security'), 'Unlink'))
    expect(unlinked.text).toContain('Unlinked.')
    expect(await isLinked(sub, person.id)).toBe(false)
    const third = world.newBrowser()
    expect(pageOf(await third.press(await open(third, '/account'), 'Continue with Acme')).status).toBe(403)
  })

  it('comes back to the page that was asked for', async () => {
    const person = await newPerson()
    const sub = `sub-${count}`
    await world.server.storage.prisma.identityLink.create({
      data: { issuer: world.upstream.issuer, subject: sub, accountId: person.id, createdAt: new Date() },
    })
    world.upstream.bend({ claims: { sub } })
    const browser = world.newBrowser()
    const page = pageOf(await browser.press(await open(browser, '/account/security'), 'Continue with Acme'))
    expect(new URL(page.url).pathname).toBe('/account/security')
  })

  it('CVE-2026-15571: another person\u2019s way to the provider ends in no account of the victim', async () => {
    const [attacker, victim] = [await newPerson(), await world.server.addAccount(`victim-${count}-${kind}@example.com`)]
    world.upstream.bend({ claims: { sub: `attacker-${count}` } })
    const theirs = createBrowser([world.server.issuer])
    const left = await theirs.press(await signIn(theirs, attacker), 'Connect Acme')
    if (!('left' in left)) throw new Error('no way to the provider')
    const { headers } = await fetch(left.left, { redirect: 'manual' })
    const browser = world.newBrowser()
    await signIn(browser, victim)
    expect(pageOf(await browser.open(headers.get('location') ?? '')).status).toBe(400)
    expect(await isLinked(`attacker-${count}`, victim.id)).toBe(false)
  })

  it('connects nothing that another account has', async () => {
    const [first, second] = [await newPerson(), await world.server.addAccount(`second-${count}-${kind}@example.com`)]
    const sub = `taken-${count}`
    world.upstream.bend({ claims: { sub } })
    const browser = world.newBrowser()
    await browser.press(await signIn(browser, first), 'Connect Acme')
    const other = world.newBrowser()
    const page = pageOf(await other.press(await signIn(other, second), 'Connect Acme'))
    expect([page.status, page.heading]).toEqual([403, 'That sign-in belongs to another account'])
    expect(await isLinked(sub, first.id)).toBe(true)
  })

  it('never unlinks the last way to sign in', async () => {
    world.declare({ createAccounts: true })
    const email = `only-${count}-${kind}@example.com`
    const sub = `only-${count}`
    world.upstream.bend({ claims: { sub, email, email_verified: true } })
    const browser = world.newBrowser()
    const page = pageOf(await browser.press(await open(browser, '/account/security'), 'Continue with Acme'))
    const refused = pageOf(await browser.press(page, 'Unlink'))
    expect(refused.status).toBe(409)
    expect(refused.text).toContain('It is the only way into your account.')
    const account = await world.server.accounts.findByEmail(email)
    expect(await isLinked(sub, account?.id ?? '')).toBe(true)
  })

  it('puts people into the groups that the provider names, as of each sign-in', async () => {
    const map = new Map([
      ['sales', 'support'],
      ['it', 'admins'],
    ])
    world.declare({ createAccounts: true, groups: { claim: 'groups', map } })
    const email = `grouped-${count}-${kind}@example.com`
    const groupsAfter = async (groups: unknown) => {
      world.upstream.bend({ claims: { sub: `grouped-${count}`, email, email_verified: true, groups } })
      const browser = world.newBrowser()
      await browser.press(await open(browser, '/account'), 'Continue with Acme')
      const account = await world.server.accounts.findByEmail(email)
      const rows = await world.server.storage.prisma.groupMember.findMany({ where: { member: account?.id ?? '' } })
      return rows.map(({ group, source }) => `${group} by ${source}`).sort()
    }
    expect(await groupsAfter(['sales', 'it', 'unknown', 7])).toEqual([
      'admins by provider work',
      'support by provider work',
    ])
    expect(await groupsAfter('sales')).toEqual(['support by provider work'])
    expect(await groupsAfter(undefined)).toEqual([])
  })

  it('takes the groups that the provider named away with the link', async () => {
    const map = new Map([['sales', 'support']])
    world.declare({ groups: { claim: 'groups', map } })
    const person = await newPerson()
    const groups = () => world.server.storage.prisma.groupMember.count({ where: { member: person.id } })
    world.upstream.bend({ claims: { sub: `leaving-${count}`, groups: ['sales'] } })
    const browser = world.newBrowser()
    await browser.press(await signIn(browser, person), 'Connect Acme')
    const other = world.newBrowser()
    await other.press(await open(other, '/account'), 'Continue with Acme')
    expect(await groups()).toBe(1)
    await browser.press(await open(browser, '/account/security'), 'Unlink')
    expect(await groups()).toBe(0)
  })

  // Last: it moves the clock.
  it('CVE-2026-105207: asks for a new proof before it connects or unlinks', async () => {
    const person = await newPerson()
    const browser = world.newBrowser()
    const page = await signIn(browser, person)
    world.server.advance(601)
    const asked = pageOf(await browser.press(page, 'Connect Acme'))
    expect(isSignInPage(asked)).toBe(true)
    expect(await isLinked('person-1', person.id)).toBe(false)
  })
})
