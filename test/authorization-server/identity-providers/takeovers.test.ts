/** Ways in which other products let strangers in by another provider's word, each by its name. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { IdentityProvider } from '../../../src/oauth/identity-provider.js'
import { isConsentPage } from '../../support/authorization.js'
import type { ProviderBend } from '../../support/bent-provider.js'
import { createBrowser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { linksOf, type ProviderWorld, startProviderWorld } from './world.js'

const connectFirst = 'Sign in to your account first, then connect'
const refused = 'We could not use that sign-in'
const lost = 'That sign-in did not begin here'

describeOnDatabases('Takeovers by another provider, on %s', (kind) => {
  let world: ProviderWorld
  let count = 0
  beforeAll(async () => {
    world = await startProviderWorld(kind)
  })
  afterAll(() => world.server.close())
  beforeEach(() => {
    world.declare()
    world.upstream.bend({})
  })

  const victim = async () => {
    count += 1
    return world.server.addAccount(`victim-${count}-${kind}@example.com`)
  }

  /** The page that an identity with these claims gets, at a provider declared so. */
  const arrive = async (bend: ProviderBend, declared: Partial<IdentityProvider> = {}): Promise<Page> => {
    world.declare(declared)
    world.upstream.bend(bend)
    return pageOf(await world.continueWith(world.newBrowser()))
  }

  const nothingWasLinked = async (before: readonly string[]) => expect(await linksOf(world)).toEqual(before)

  it('CVE-2026-55216, CVE-2026-97175: an address that the provider never verified opens no account', async () => {
    const { email } = await victim()
    const before = await linksOf(world)
    const trusted = { authoritativeFor: ['example.com'], createAccounts: true }
    for (const email_verified of [undefined, false]) {
      const page = await arrive({ claims: { sub: 'thief', email, email_verified } }, trusted)
      expect([page.status, page.heading]).toEqual([403, connectFirst])
    }
    await nothingWasLinked(before)
  })

  it('CVE-2026-134312: a text "true" or "false" is no verified address', async () => {
    const { email } = await victim()
    const before = await linksOf(world)
    for (const email_verified of ['true', 'false', 1, [true], {}]) {
      const page = await arrive(
        { claims: { sub: 'thief', email, email_verified } },
        { authoritativeFor: ['example.com'] },
      )
      expect(page.heading).toBe(connectFirst)
    }
    await nothingWasLinked(before)
  })

  it('CVE-2026-134312: the subject of the profile must be that of the ID token', async () => {
    const { email } = await victim()
    const before = await linksOf(world)
    const page = await arrive(
      { claims: { sub: 'thief' }, userinfo: { sub: 'owner', email, email_verified: true } },
      { authoritativeFor: ['example.com'] },
    )
    expect(page.heading).toBe(refused)
    await nothingWasLinked(before)
  })

  it('joins by a verified address only where the operator says that the provider answers for its domain', async () => {
    const { email, id } = await victim()
    const claims = { sub: `owner-${count}`, email, email_verified: true }
    for (const authoritativeFor of [[], ['example.org'], ['com'], ['sub.example.com'], ['ample.com']])
      expect((await arrive({ claims }, { authoritativeFor })).heading).toBe(connectFirst)
    expect(isConsentPage(await arrive({ claims }, { authoritativeFor: ['example.com'] }))).toBe(true)
    expect(await linksOf(world)).toContain(`${world.upstream.issuer} owner-${count} ${id}`)
  })

  it('CVE-2026-53516: an address that was registered here ahead of its owner, and never verified, is not joined', async () => {
    const { email, id } = await victim()
    await world.server.storage.prisma.account.update({ where: { id }, data: { emailVerified: false } })
    const before = await linksOf(world)
    const page = await arrive(
      { claims: { sub: `owner-${count}`, email, email_verified: true } },
      { authoritativeFor: ['example.com'] },
    )
    expect(page.heading).toBe(connectFirst)
    await nothingWasLinked(before)
  })

  it('CVE-2026-53516: a provider that does not answer for the domain makes an account that is joined to nobody by its address', async () => {
    count += 1
    const email = `early-${count}@example.com`
    const claims = (sub: string) => ({ sub: `${sub}-${count}`, email, email_verified: true })
    expect(isConsentPage(await arrive({ claims: claims('partner') }, { createAccounts: true }))).toBe(true)
    const made = await world.server.storage.prisma.account.findUniqueOrThrow({ where: { email } })
    expect(made.emailVerified).toBe(false)
    const before = await linksOf(world)
    const page = await arrive({ claims: claims('owner') }, { createAccounts: true, authoritativeFor: ['example.com'] })
    expect(page.heading).toBe(connectFirst)
    await nothingWasLinked(before)
  })

  it('nOAuth: what an administrator of some tenant wrote into Entra is no verified address', async () => {
    const { email } = await victim()
    const entra = { preset: 'entra' as const, authoritativeFor: ['example.com'] }
    const claims = { sub: `entra-${count}`, email, email_verified: true }
    expect((await arrive({ claims }, entra)).heading).toBe(connectFirst)
    for (const xms_edov of ['true', '1', 1])
      expect((await arrive({ claims: { ...claims, xms_edov } }, entra)).heading).toBe(connectFirst)
    expect(isConsentPage(await arrive({ claims: { ...claims, xms_edov: true } }, entra))).toBe(true)
  })

  it('takes no look-alike of an address for the address', async () => {
    const { email } = await victim()
    const before = await linksOf(world)
    for (const other of [email.replace('v', '\uff56'), ` ${email}`, `${email} `])
      expect(
        (
          await arrive(
            { claims: { sub: 'thief', email: other, email_verified: true } },
            { authoritativeFor: ['example.com'] },
          )
        ).heading,
      ).toBe(connectFirst)
    await nothingWasLinked(before)
  })

  it('an address that changed hands at the provider opens what its new owner had, and nothing else', async () => {
    const [owner, other] = [await victim(), await victim()]
    const sub = `moves-${count}`
    await arrive({ claims: { sub, email: owner.email, email_verified: true } }, { authoritativeFor: ['example.com'] })
    const page = await arrive(
      { claims: { sub, email: other.email, email_verified: true } },
      { authoritativeFor: ['example.com'] },
    )
    expect(page.text).toContain(owner.email)
    expect(page.text).not.toContain(other.email)
  })

  describe('Answers that are bent', () => {
    it.each<readonly [string, ProviderBend, string]>([
      ['iss of another provider (mix-up, RFC 9207)', { returned: { iss: 'https://evil.example' } }, refused],
      ['no iss, though the provider promised it', { returned: { iss: undefined } }, refused],
      ['state of nobody', { returned: { state: 'made-up' } }, lost],
      ['no state', { returned: { state: undefined } }, lost],
      ['another nonce', { claims: { nonce: 'another' } }, refused],
      ['no nonce', { claims: { nonce: undefined } }, refused],
      ['an ID token of another issuer', { claims: { iss: 'https://evil.example' } }, refused],
      ['an ID token for another client', { claims: { aud: 'somebody-else' } }, refused],
      ['an ID token that is over', { claims: { iat: 1_000, exp: 2_000 } }, refused],
      ['no subject', { claims: { sub: undefined } }, refused],
      ['no ID token', { tokens: { id_token: undefined } }, refused],
      ['a code that is refused', { tokenStatus: 400, tokens: { error: 'invalid_grant' } }, refused],
      ['a token endpoint that is down', { tokenStatus: 503 }, 'The other sign-in does not answer'],
      ['a person who declined', { returned: { code: undefined, error: 'access_denied' } }, 'The other sign-in said no'],
      ['an error of the server', { returned: { code: undefined, error: 'server_error' } }, 'The other sign-in said no'],
    ])('%s', async (_what, bend, heading) => {
      const page = await arrive(bend, { createAccounts: true })
      expect(page.heading).toBe(heading)
      expect(page.html).not.toMatch(/evil\.example|made-up/)
    })
  })

  describe('Sign-ins that somebody else began (CSRF on sign-in)', () => {
    const begunElsewhere = async (): Promise<string> => {
      world.upstream.bend({ claims: { sub: 'attacker', email: 'attacker@example.org', email_verified: true } })
      world.declare({ createAccounts: true })
      const left = await world.continueWith(createBrowser([world.server.issuer]))
      if (!('left' in left)) throw new Error('no way to the provider')
      const { headers } = await fetch(left.left, { redirect: 'manual' })
      return headers.get('location') ?? ''
    }

    it('end nowhere in the browser of a victim, and stay good for the one that began them', async () => {
      const callback = await begunElsewhere()
      const page = pageOf(await world.newBrowser().open(callback))
      expect([page.status, page.heading]).toEqual([400, lost])
      expect(page.headers.getSetCookie().join()).not.toMatch(/session/)
    })

    it('end nowhere at another page of the same browser', async () => {
      const browser = world.newBrowser()
      const arrival = await world.continueWith(browser)
      const there = pageOf(arrival)
      // The address that took over is good once.
      const again = pageOf(await browser.open(`${there.url.replace(/\/provider.*$/, '')}/provider?state=made-up`))
      expect(again.status).toBeLessThan(400)
    })

    it('cannot be begun by a form of another site', async () => {
      const browser = world.newBrowser()
      const page = await world.signInPage(browser)
      const action = page.forms.find((form) => form.action.endsWith('/provider'))?.action ?? ''
      const forged = pageOf(await browser.post(action, { provider: 'work', csrf: 'guessed' }, 'https://evil.example/'))
      expect(forged.status).toBe(403)
    })
  })

  it('sends the code of one provider to no other', async () => {
    world.declare()
    const [first] = world.declarations.current().identityProviders ?? []
    if (first === undefined) throw new Error('no provider')
    world.declarations.replace({ identityProviders: [first, { ...first, id: 'other', issuer: 'http://localhost:9' }] })
    const browser = createBrowser([world.server.issuer])
    const left = await browser.press(await world.signInPage(browser), 'Continue with Acme')
    if (!('left' in left)) throw new Error('no way to the provider')
    const { headers } = await fetch(left.left, { redirect: 'manual' })
    const callback = (headers.get('location') ?? '').replace('/sign-in/work/', '/sign-in/other/')
    expect(pageOf(await browser.open(callback)).heading).toBe(lost)
  })
})
