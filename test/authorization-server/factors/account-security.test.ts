/** `/account/security`: adding, naming and removing passkeys, the authenticator app and recovery codes. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { isConsentPage, signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { codeAt, giveApp, passkeyOptions } from '../../support/factors.js'
import { newGrant, startAuthorization } from '../../support/oauth-client.js'
import { createSoftwareAuthenticator, type Lies } from '../../support/software-authenticator.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('The security page of an account, on %s', (kind) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startServer(kind)
  })
  afterAll(() => server.close())

  let people = 0
  const newPerson = () => {
    people += 1
    return server.addAccount(`person-${people}@example.com`)
  }
  type Person = Awaited<ReturnType<typeof newPerson>>

  const path = () => `${server.issuer}/account/security`
  const open = async (browser: Browser): Promise<Page> => pageOf(await browser.open(path()))
  const securityPage = async (browser: Browser, person: Person): Promise<Page> => {
    const page = pageOf(await signIn(browser, await open(browser), person))
    if (page.heading !== 'Security') throw new Error(`not the security page, but "${page.heading}"`)
    return page
  }
  const passkeysOf = (accountId: string) => server.storage.prisma.passkey.findMany({ where: { accountId } })
  const events = async (accountId: string) =>
    (
      await server.storage.prisma.auditEvent.findMany({
        where: { accountId, type: { startsWith: 'factor.' } },
        orderBy: { id: 'asc' },
      })
    ).map(({ type, detail }) => [type, (detail as { factor?: string }).factor])

  it('adds a passkey, which signs in at once; renames it and removes it', async () => {
    const person = await newPerson()
    const device = createSoftwareAuthenticator(server.issuer)
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const options = JSON.parse(passkeyOptions(page))
    expect(options).toMatchObject({
      rp: { id: 'localhost', name: 'Gatehouse' },
      user: { id: Buffer.from(person.id).toString('base64url'), name: person.email },
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
      attestation: 'none',
    })
    const credential = device.create(passkeyOptions(page))
    const added = pageOf(await browser.press(page, 'Add a passkey', { credential, Name: '  My \u202ephone ' }))
    expect(added.text).toContain('Passkey added.')
    const [stored] = await passkeysOf(person.id)
    expect(stored).toMatchObject({ name: 'My phone', transports: ['internal'] })
    expect(JSON.parse(passkeyOptions(added)).excludeCredentials).toEqual([{ type: 'public-key', id: stored?.id }])

    const other = server.newBrowser()
    const grant = await newGrant(server)
    const signInPage = pageOf(await other.open(startAuthorization(grant.server, { ...grant, scope: 'openid' }).url))
    const href = signInPage.links.find(({ text }) => text === 'Use a passkey')?.href ?? ''
    const passkeyPage = pageOf(await other.open(new URL(href, signInPage.url).href))
    const used = device.get(passkeyOptions(passkeyPage))
    expect(isConsentPage(pageOf(await other.press(passkeyPage, 'Continue', { credential: used })))).toBe(true)

    const renamed = pageOf(await browser.press(await open(browser), 'Save name', { Name: 'Old phone' }))
    expect(renamed.text).toContain('Old phone')
    expect(pageOf(await browser.press(renamed, 'Remove')).text).not.toContain('Old phone')
    expect(await passkeysOf(person.id)).toEqual([])
    expect(await events(person.id)).toEqual([
      ['factor.added', 'passkey'],
      ['factor.removed', 'passkey'],
    ])
  })

  it.each<[string, Lies]>([
    ['another origin', { origin: 'https://attacker.example' }],
    ['another RP ID', { rpId: 'attacker.example' }],
    ['CVE-2026-8830: no user verification', { isUserVerified: false }],
    ['nobody present', { isUserPresent: false }],
    ['a use in place of a registration', { type: 'webauthn.get' }],
    ['a challenge that the device made up', { challenge: Buffer.alloc(54, 7).toString('base64url') }],
    [
      'a certificate, which could name addresses to look up',
      {
        attestation: {
          format: 'packed',
          statement: new Map<string, never>([['x5c', Buffer.alloc(4) as never]]),
        },
      },
    ],
    ['an attestation that nobody knows', { attestation: { format: 'made-up', statement: new Map() } }],
  ])('adds no passkey of %s', async (_what, lies) => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const credential = createSoftwareAuthenticator(server.issuer).create(passkeyOptions(page), lies)
    const refused = pageOf(await browser.press(page, 'Add a passkey', { credential }))
    expect([refused.status, refused.text.includes('No passkey was added')]).toEqual([422, true])
    expect(await passkeysOf(person.id)).toEqual([])
  })

  it('CVE-2026-111949: adds no passkey with a challenge of a sign-in, of another session, or a second time', async () => {
    const person = await newPerson()
    const device = createSoftwareAuthenticator(server.issuer)
    const [browser, other] = [server.newBrowser(), server.newBrowser()]
    const page = await securityPage(browser, person)
    const signInPage = pageOf(await server.newBrowser().open(path()))
    const challengeOf = (from: Page) => String(JSON.parse(passkeyOptions(from)).challenge)
    const press = async (by: Browser, on: Page, credential: string) =>
      pageOf(await by.press(on, 'Add a passkey', { credential })).status
    const ofSignIn = device.create(passkeyOptions(page), { challenge: challengeOf(signInPage) })
    expect(await press(browser, page, ofSignIn)).toBe(422)
    const foreign = await securityPage(other, person)
    expect(await press(browser, page, device.create(passkeyOptions(foreign)))).toBe(422)
    const credential = device.create(passkeyOptions(page))
    const statuses = await Promise.all(Array.from({ length: 20 }, () => press(browser, page, credential)))
    expect(statuses.filter((status) => status === 200)).toHaveLength(1)
    expect(await passkeysOf(person.id)).toHaveLength(1)
    // A passkey that exists is nobody else's.
    const thief = await newPerson()
    const thiefs = server.newBrowser()
    const thiefPage = await securityPage(thiefs, thief)
    expect(await press(thiefs, thiefPage, credential)).toBe(422)
  })

  it('asks for a proof that is not older than ten minutes before each change, and for the page of the device too', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const credential = createSoftwareAuthenticator(server.issuer).create(passkeyOptions(page))
    server.advance(601)
    for (const [button, entries] of [
      ['Add a passkey', { credential }],
      ['Set up an authenticator app', {}],
      ['Create recovery codes', {}],
    ] as const) {
      const asked = pageOf(await browser.press(page, button, entries))
      expect([button, asked.heading]).toEqual([button, 'Sign in'])
    }
    const stale = await open(browser)
    expect(stale.html).not.toContain('data-passkey="create"')
    const asked = pageOf(await browser.press(stale, 'Add a passkey'))
    const back = pageOf(await signIn(browser, asked, person))
    expect([back.heading, back.html.includes('data-passkey="create"')]).toEqual(['Security', true])
    expect(await passkeysOf(person.id)).toEqual([])
    expect(await server.storage.prisma.authenticatorApp.count({ where: { accountId: person.id } })).toBe(0)
  })

  it('sets up an authenticator app: secret as text and as link, a QR code, and nothing before the first right code', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const setUp = pageOf(await browser.press(page, 'Set up an authenticator app'))
    const [, secret = ''] = /<code[^>]*>([A-Z2-7]{32})<\/code>/.exec(setUp.html) ?? []
    const link = setUp.links.find(({ href }) => href.startsWith('otpauth:'))?.href ?? ''
    expect(new URL(link).searchParams.get('secret')).toBe(secret)
    expect(setUp.html).toMatch(/<svg viewBox="0 0 \d+ \d+"[^>]*>.*<path d="M/)
    const other = server.newBrowser()
    expect(pageOf(await signIn(other, await open(other), person)).heading).toBe('Security')
    const wrong = pageOf(await browser.press(setUp, 'Confirm', { Code: '000000' }))
    expect([wrong.status, wrong.html.includes(secret)]).toEqual([422, true])
    const now = server.storage.clock.now()
    const done = pageOf(await browser.press(wrong, 'Confirm', { Code: codeAt(secret, now) }))
    expect([done.text.includes('Authenticator app set up'), done.html.includes(secret)]).toEqual([true, false])
    const next = server.newBrowser()
    const codePage = pageOf(await signIn(next, await open(next), person))
    expect(codePage.heading).toBe('Enter the code')
    // The code of the set-up is used up.
    expect(pageOf(await next.press(codePage, 'Continue', { Code: codeAt(secret, now) })).status).toBe(401)
    server.advance(60)
    const later = codeAt(secret, server.storage.clock.now())
    const signedIn = pageOf(await next.press(codePage, 'Continue', { Code: later }))
    expect(pageOf(await next.press(signedIn, 'Remove')).text).toContain('Set up an authenticator app')
    const plain = server.newBrowser()
    expect(pageOf(await signIn(plain, await open(plain), person)).heading).toBe('Security')
  })

  it('shows ten recovery codes once, each an item of a list, and new ones replace them', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const shown = pageOf(await browser.press(page, 'Create recovery codes'))
    const codesOn = ({ html }: Page) =>
      [...html.matchAll(/<li><code[^>]*>([\w-]{19})<\/code><\/li>/g)].map(([, code]) => code)
    const first = codesOn(shown)
    expect(new Set(first).size).toBe(10)
    expect(codesOn(await open(browser))).toEqual([])
    const second = codesOn(pageOf(await browser.press(await open(browser), 'Create recovery codes')))
    expect(second.filter((code) => first.includes(code))).toEqual([])
    expect(await server.storage.prisma.recoveryCode.count({ where: { accountId: person.id } })).toBe(10)
  })

  it('keeps the last passkey of an account without a password', async () => {
    const person = await newPerson()
    const browser = server.newBrowser()
    const page = await securityPage(browser, person)
    const credential = createSoftwareAuthenticator(server.issuer).create(passkeyOptions(page))
    const added = pageOf(await browser.press(page, 'Add a passkey', { credential }))
    await server.storage.prisma.account.update({ where: { id: person.id }, data: { passwordHash: null } })
    const refused = pageOf(await browser.press(added, 'Remove'))
    expect([refused.status, refused.text.includes('your only way to sign in')]).toEqual([422, true])
    expect(await passkeysOf(person.id)).toHaveLength(1)
  })

  it('keeps a second factor when the password is reset', async () => {
    const person = await newPerson()
    await giveApp(server.storage, person.id)
    const { passwordHash } = await server.storage.prisma.account.findUniqueOrThrow({ where: { id: person.id } })
    await server.accounts.setPasswordHash(person.id, passwordHash ?? '')
    const browser = server.newBrowser()
    expect(pageOf(await signIn(browser, await open(browser), person)).heading).toBe('Enter the code')
  })

  it('takes no form of another session', async () => {
    const [person, attacker] = [await newPerson(), await newPerson()]
    const [browser, foreign] = [server.newBrowser(), server.newBrowser()]
    await securityPage(browser, person)
    const attackers = await securityPage(foreign, attacker)
    for (const button of ['Create recovery codes', 'Set up an authenticator app'])
      expect(pageOf(await browser.press(attackers, button)).status).toBe(403)
  })
})
