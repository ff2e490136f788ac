import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { consent, isConsentPage, isSignInPage } from '../../support/authorization.js'
import { createBrowser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { redeem, startAuthorization } from '../../support/oauth-client.js'
import { linksOf, type ProviderWorld, startProviderWorld } from './world.js'

describeOnDatabases('Signing in with another provider, on %s', (kind) => {
  let world: ProviderWorld
  beforeAll(async () => {
    world = await startProviderWorld(kind)
  })
  afterAll(() => world.server.close())
  beforeEach(() => {
    world.declare()
    world.upstream.bend({})
  })

  const link = (accountId: string, subject: string) =>
    world.server.storage.prisma.identityLink.create({
      data: { issuer: world.upstream.issuer, subject, accountId, createdAt: new Date() },
    })

  it('goes on as after a password: consent, code, tokens, session', async () => {
    const person = await world.server.addAccount(`linked-${kind}@example.com`)
    await link(person.id, 'linked')
    world.upstream.bend({ claims: { sub: 'linked', email: 'another@example.com' } })
    const browser = world.newBrowser()
    const page = pageOf(await world.continueWith(browser))
    expect(isConsentPage(page)).toBe(true)
    expect(page.text).toContain(person.email)
    const left = await consent(browser, page)
    expect('left' in left).toBe(true)
    // The session is theirs: the next request is not asked for a sign-in.
    const again = await world.signInPage(browser)
    expect(isConsentPage(again)).toBe(true)
    const asked = world.upstream.requests.at(-1)
    expect(asked?.get('code_challenge_method')).toBe('S256')
    expect(asked?.get('redirect_uri')).toBe(`${world.server.issuer}/sign-in/work/callback`)
    expect(world.upstream.redeemed.at(-1)?.get('code_verifier')).toMatch(/^[\w-]{43}$/)
  })

  it('says in the ID token how and when', async () => {
    const person = await world.server.addAccount(`told-${kind}@example.com`)
    await link(person.id, 'told')
    const authTime = Math.floor(Date.now() / 1000) - 500
    world.upstream.bend({ claims: { sub: 'told', auth_time: authTime } })
    const browser = world.newBrowser()
    const { grant } = world
    const started = startAuthorization(grant.server, { ...grant, scope: 'openid notes:read' })
    const page = pageOf(await browser.press(pageOf(await browser.open(started.url)), 'Continue with Acme'))
    const left = await consent(browser, page)
    if (!('left' in left)) throw new Error('no redirect')
    const code = new URL(left.left).searchParams.get('code') ?? ''
    const { tokens } = await redeem(grant, code, started.codeVerifier)
    const claims = decodeJwt(tokens?.id_token ?? '')
    expect(claims).toMatchObject({
      sub: person.id,
      amr: ['fed'],
      acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
      auth_time: authTime,
    })
  })

  it('makes an account only if it may, and only for a verified address', async () => {
    const email = `new-${kind}@example.com`
    const of = async (claims: Readonly<Record<string, unknown>>) => {
      world.upstream.bend({ claims: { sub: 'newcomer', email, ...claims } })
      return pageOf(await world.continueWith(world.newBrowser()))
    }
    expect((await of({ email_verified: true })).heading).toBe('There is no account here for that sign-in')
    world.declare({ createAccounts: true })
    for (const email_verified of [undefined, false, 'true', 1])
      expect((await of({ email_verified })).heading).toBe('There is no account here for that sign-in')
    expect((await of({ email: `\uff4eew-${kind}@example.com`, email_verified: true })).status).toBe(403)
    expect(await world.server.accounts.findByEmail(email)).toBeUndefined()
    expect(isConsentPage(await of({ email_verified: true }))).toBe(true)
    const account = await world.server.accounts.findByEmail(email)
    expect(account?.passwordHash).toBeUndefined()
    // A second time it is the same, whatever the address is by then.
    expect(isConsentPage(await of({ email: 'moved@example.com', email_verified: false }))).toBe(true)
    expect((await linksOf(world)).filter((each) => each.includes('newcomer'))).toEqual([
      `${world.upstream.issuer} newcomer ${account?.id}`,
    ])
    expect(await world.server.accounts.findByEmail('moved@example.com')).toBeUndefined()
  })

  it('asks the userinfo endpoint for what the ID token lacks', async () => {
    world.declare({ createAccounts: true })
    const email = `info-${kind}@example.com`
    world.upstream.bend({ claims: { sub: 'info' }, userinfo: { email, email_verified: true } })
    expect(isConsentPage(pageOf(await world.continueWith(world.newBrowser())))).toBe(true)
    expect(await world.server.accounts.findByEmail(email)).toBeDefined()
  })

  it('keeps disabled people out, with the answer of no account', async () => {
    const person = await world.server.addAccount(`out-${kind}@example.com`, { disabled: true })
    await link(person.id, 'out')
    world.upstream.bend({ claims: { sub: 'out', email: person.email, email_verified: true } })
    const out = pageOf(await world.continueWith(world.newBrowser()))
    world.upstream.bend({ claims: { sub: 'nobody' } })
    const nobody = pageOf(await world.continueWith(world.newBrowser()))
    const essence = (page: Page) => [page.status, page.heading, page.text.replace(/[\da-f-]{36}/g, 'ID')]
    expect(essence(out)).toEqual(essence(nobody))
    expect(out.status).toBe(403)
  })

  it('leads back to the sign-in page from there, not into a circle', async () => {
    world.upstream.bend({ claims: { sub: 'nobody' } })
    const browser = world.newBrowser()
    const page = pageOf(await world.continueWith(browser))
    const back = page.links.find(({ text }) => text === 'Back to the sign-in page')
    expect(isSignInPage(pageOf(await browser.open(back?.href ?? '')))).toBe(true)
  })

  describe('demands of the program', () => {
    it('are passed on, and held against the answer', async () => {
      const person = await world.server.addAccount(`fresh-${kind}@example.com`)
      await link(person.id, 'fresh')
      const now = Math.floor(Date.now() / 1000)
      const headings = async (parameters: Record<string, string>, auth_time: number | undefined) => {
        world.upstream.bend({ claims: { sub: 'fresh', auth_time } })
        const page = pageOf(await world.continueWith(world.newBrowser(), parameters))
        const asked = world.upstream.requests.at(-1)
        return [asked?.get('prompt') ?? '', asked?.get('max_age') ?? '', isConsentPage(page) || page.heading]
      }
      const refused = 'We could not use that sign-in'
      expect(await headings({ prompt: 'login' }, now)).toEqual(['login', '900', true])
      expect(await headings({ prompt: 'login' }, now - 300)).toEqual(['login', '900', refused])
      expect(await headings({ prompt: 'login' }, undefined)).toEqual(['login', '900', refused])
      expect(await headings({ max_age: '600' }, now - 300)).toEqual(['', '600', true])
      expect(await headings({ max_age: '100' }, now - 300)).toEqual(['', '100', refused])
      expect(await headings({}, now - 80_000)).toEqual(['', '', true])
    })

    it('are not put to a provider that cannot answer them', async () => {
      world.declare({ preset: 'github' })
      const page = await world.signInPage(world.newBrowser(), { prompt: 'login' })
      expect(page.text).not.toContain('Continue with Acme')
      expect((await world.signInPage(world.newBrowser())).text).toContain('Continue with Acme')
    })
  })

  describe('GitHub', () => {
    it('is asked for the number of the account and its verified address', async () => {
      world.declare({ preset: 'github', createAccounts: true })
      const [email, other] = [`hub-${kind}@example.com`, `other-${kind}@example.com`]
      const emails = [
        { email: other, primary: false, verified: true },
        { email, primary: true, verified: false },
      ]
      world.upstream.bend({ emails })
      expect(pageOf(await world.continueWith(world.newBrowser())).status).toBe(403)
      world.upstream.bend({ emails: [{ email, primary: true, verified: true }] })
      expect(isConsentPage(pageOf(await world.continueWith(world.newBrowser())))).toBe(true)
      expect(await world.server.accounts.findByEmail(other)).toBeUndefined()
      const account = await world.server.accounts.findByEmail(email)
      expect(await linksOf(world)).toContain(`${world.upstream.issuer} 4711 ${account?.id}`)
    })
  })

  it('takes an answer once, of 50 that come at once', async () => {
    const person = await world.server.addAccount(`race-${kind}@example.com`)
    await link(person.id, 'race')
    world.upstream.bend({ claims: { sub: 'race' } })
    // Stops where the provider sends the browser back to.
    const browser = createBrowser([world.server.issuer])
    const left = await world.continueWith(browser)
    if (!('left' in left)) throw new Error('no way to the provider')
    const { headers } = await fetch(left.left, { redirect: 'manual' })
    const callback = headers.get('location') ?? ''
    const before = world.upstream.redeemed.length
    const cookie = browser.cookies.header(new URL(callback)) ?? ''
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => fetch(callback, { headers: { cookie }, redirect: 'manual' })),
    )
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 400)).toHaveLength(49)
    expect(world.upstream.redeemed.length - before).toBe(1)
  })

  it('follows the declarations', async () => {
    world.declarations.replace({ identityProviders: [] })
    expect((await world.signInPage(world.newBrowser())).text).not.toContain('Continue with')
  })
})
