/** Signing in with a passkey, over HTTP with a device in software: what an honest one signs, and everything that another might. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { createPasskeyStore } from '../../../src/storage/factors/passkeys.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../../support/authorization.js'
import { type Arrival, type Browser, type Page, pageOf } from '../../support/browser.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { giveApp, givePasskey, giveRecoveryCodes, passkeyOptions } from '../../support/factors.js'
import { type Grant, newGrant, redeem, startAuthorization } from '../../support/oauth-client.js'
import {
  createSoftwareAuthenticator,
  type Lies,
  type SoftwareAuthenticator,
} from '../../support/software-authenticator.js'
import { startServer, type TestServer } from '../server.js'

describeOnDatabases('Signing in with a passkey, on %s', (kind) => {
  let server: TestServer
  let grant: Grant
  let device: SoftwareAuthenticator
  let owner: { readonly id: string; readonly email: string; readonly password: string }
  beforeAll(async () => {
    server = await startServer(kind)
    grant = await newGrant(server)
    device = createSoftwareAuthenticator(server.issuer)
    owner = await server.addAccount(`owner-${kind}@example.com`)
    await givePasskey(server.storage, owner.id, device)
  })
  afterAll(() => server.close())

  const started = (parameters: Record<string, string> = {}, scope = 'openid notes:read') =>
    startAuthorization(grant.server, { ...grant, scope, parameters })

  const passkeyPage = async (browser: Browser, url = started().url): Promise<Page> => {
    const page = pageOf(await browser.open(url))
    const link = page.links.find(({ text }) => text === 'Use a passkey')
    if (link === undefined) throw new Error(`no link to passkeys on "${page.heading}"`)
    return pageOf(await browser.open(new URL(link.href, page.url).href))
  }

  const use = (browser: Browser, page: Page, credential: string): Promise<Arrival> =>
    browser.press(page, 'Continue', { credential })

  const failures = async () =>
    (
      await server.storage.prisma.auditEvent.findMany({ where: { type: 'sign_in.failed' }, orderBy: { id: 'asc' } })
    ).map(({ detail }) => (detail as { reason?: string }).reason)

  it('needs no address, leads to the consent page, and says in the ID token what was done', async () => {
    const browser = server.newBrowser()
    const { url, codeVerifier } = started()
    const page = await passkeyPage(browser, url)
    const consentPage = pageOf(await use(browser, page, device.get(passkeyOptions(page))))
    expect(isConsentPage(consentPage)).toBe(true)
    expect(consentPage.text).toContain(owner.email)
    const arrival = await consent(browser, consentPage)
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    const code = new URL(arrival.left).searchParams.get('code') ?? ''
    const { tokens } = await redeem(grant, code, codeVerifier)
    const claims = decodeJwt(tokens?.id_token ?? '')
    expect(claims).toMatchObject({ sub: owner.id, acr: 'phr', amr: ['hwk', 'user', 'mfa'] })
    expect(Math.abs(Number(claims['auth_time']) - Date.now() / 1000)).toBeLessThan(60)
  })

  it('asks for no code of the authenticator app', async () => {
    const person = await server.addAccount(`both-${kind}@example.com`)
    const own = createSoftwareAuthenticator(server.issuer, { isSynced: true })
    await givePasskey(server.storage, person.id, own, 0)
    await giveApp(server.storage, person.id)
    for (let time = 0; time < 2; time += 1) {
      const browser = server.newBrowser()
      const page = await passkeyPage(browser)
      expect(isConsentPage(pageOf(await use(browser, page, own.get(passkeyOptions(page)))))).toBe(true)
    }
  })

  it('works for an account without a password, by the list of the sign-in page too, and a recovery code replaces a lost one', async () => {
    const person = await server.accounts.add({ email: `passkey-only-${kind}@example.com` })
    if (person === undefined) throw new Error('the address is taken')
    const own = createSoftwareAuthenticator(server.issuer)
    await givePasskey(server.storage, person.id, own)
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(started().url))
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const action = page.forms[0]?.action ?? ''
    const credential = own.get(passkeyOptions(page))
    expect(isConsentPage(pageOf(await browser.post(action, { csrf, method: 'passkey', credential }, page.url)))).toBe(
      true,
    )

    const [code = ''] = await giveRecoveryCodes(server.storage, person.id)
    const entries = { Email: person.email, 'Recovery code': ` ${code.toUpperCase()} ` }
    const recover = async (entered: typeof entries) => {
      const other = server.newBrowser()
      const { links, url } = await passkeyPage(other)
      const href = links.find(({ text }) => text === 'Use a recovery code')?.href ?? ''
      return pageOf(await other.press(pageOf(await other.open(new URL(href, url).href)), 'Continue', entered))
    }
    expect((await recover({ ...entries, Email: owner.email })).status).toBe(401)
    expect(isConsentPage(await recover(entries))).toBe(true)
    expect((await recover(entries)).status).toBe(401)
  })

  it('tells nothing about accounts: everybody is asked for the same', async () => {
    const asked = await Promise.all(
      ['', owner.email, 'nobody@example.com'].map(async (hint) => {
        const page = await passkeyPage(server.newBrowser(), started(hint === '' ? {} : { login_hint: hint }).url)
        return { ...JSON.parse(passkeyOptions(page)), challenge: undefined }
      }),
    )
    expect(asked[0]).toEqual({ rpId: 'localhost', userVerification: 'required', timeout: 300_000 })
    expect(asked[1]).toEqual(asked[0])
    expect(asked[2]).toEqual(asked[0])
  })

  it.each<[string, Lies, string]>([
    ['GitLab 585333: a signature that does not verify', { tampers: true }, 'not verified'],
    [
      'CVE-2026-8830: no user verification, which only the browser was asked for',
      { isUserVerified: false },
      'not verified',
    ],
    ['nobody present', { isUserPresent: false, isUserVerified: false }, 'not verified'],
    ['another origin', { origin: 'https://localhost.attacker.example' }, 'not verified'],
    ['another port of the host', { origin: 'http://localhost:1' }, 'not verified'],
    ['another RP ID', { rpId: 'attacker.example' }, 'not verified'],
    ['a frame of another site', { crossOrigin: true, topOrigin: 'https://attacker.example' }, 'not verified'],
    ['a registration in place of a use', { type: 'webauthn.create' }, 'not verified'],
    ['a challenge that the device made up', { challenge: Buffer.alloc(54, 7).toString('base64url') }, 'challenge'],
    ['a counter that went back', { counter: 1 }, 'counter'],
    ['a counter of zero', { counter: 0 }, 'counter'],
    ['CVE-2026-82466: no user handle to take an account from', { userHandle: undefined }, 'user handle'],
    [
      'CVE-2026-82466: the user handle of somebody else',
      { userHandle: Buffer.from('somebody else').toString('base64url') },
      'user handle',
    ],
    ['a passkey that nobody has', { credentialId: Buffer.alloc(32, 1).toString('base64url') }, 'unknown passkey'],
  ])('refuses %s', async (_what, lies, reason) => {
    const browser = server.newBrowser()
    const page = await passkeyPage(browser)
    const refused = pageOf(await use(browser, page, device.get(passkeyOptions(page), lies)))
    expect([refused.status, refused.heading]).toEqual([401, 'Use a passkey'])
    expect(refused.text).toContain('That passkey did not work here')
    expect((await failures()).at(-1)).toBe(reason)
    expect(isSignInPage(pageOf(await browser.open(refused.url.replace(/\/sign-in$/, ''))))).toBe(true)
  })

  it.each([
    '',
    'x',
    '{}',
    'null',
    '[]',
    '{"id":1}',
    '{"id":"a","rawId":"a","type":"public-key","response":{}}',
    '9'.repeat(14_000),
  ])('survives %.40j in place of a passkey', async (credential) => {
    const browser = server.newBrowser()
    const page = await passkeyPage(browser)
    expect(pageOf(await use(browser, page, credential)).status).toBe(401)
  })

  it('CVE-2026-82466: takes the account from the passkey alone, whoever is signed in or named', async () => {
    const browser = server.newBrowser()
    const page = pageOf(await browser.open(started({ login_hint: server.account.email }).url))
    await signIn(browser, page, server.account)
    const again = await passkeyPage(browser, started({ prompt: 'login', login_hint: server.account.email }).url)
    const consentPage = pageOf(
      await browser.press(again, 'Continue', { credential: device.get(passkeyOptions(again)) }),
    )
    expect(consentPage.text).toContain(owner.email)
    expect(consentPage.text).not.toContain(server.account.email)
  })

  it('takes a challenge once, in its own sign-in and browser, and no other’s passkey for it', async () => {
    const [browser, other] = [server.newBrowser(), server.newBrowser()]
    const page = await passkeyPage(browser)
    const credential = device.get(passkeyOptions(page))
    const otherPage = await passkeyPage(other)
    // Signed for another interaction: of another browser, of the same one.
    expect(pageOf(await use(other, otherPage, credential)).status).toBe(401)
    expect(pageOf(await use(browser, await passkeyPage(browser), credential)).status).toBe(401)
    expect(isConsentPage(pageOf(await use(browser, page, credential)))).toBe(true)
    // Again: the counter refuses it, and so does the challenge for a device that does not count.
    expect(pageOf(await use(browser, page, credential)).status).toBe(401)
    const synced = createSoftwareAuthenticator(server.issuer, { isSynced: true })
    const person = await server.addAccount(`synced-${kind}@example.com`)
    await givePasskey(server.storage, person.id, synced, 0)
    const once = await passkeyPage(browser, started({ prompt: 'login' }).url)
    const signed = synced.get(passkeyOptions(once))
    expect(isConsentPage(pageOf(await use(browser, once, signed)))).toBe(true)
    const twice = pageOf(await use(browser, once, signed))
    expect([twice.status, isConsentPage(twice)]).toEqual([400, false])
  })

  it('is saved once of fifty at the same time with one signature', async () => {
    const synced = createSoftwareAuthenticator(server.issuer, { isSynced: true })
    const person = await server.addAccount(`race-${kind}@example.com`)
    await givePasskey(server.storage, person.id, synced, 0)
    const browser = server.newBrowser()
    const page = await passkeyPage(browser)
    const form = page.forms.find(({ buttons }) => buttons.some(({ text }) => text === 'Continue'))
    const csrf = form?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const body = new URLSearchParams({ csrf, method: 'passkey', credential: synced.get(passkeyOptions(page)) })
    const cookie = browser.cookies.header(new URL(page.url)) ?? ''
    const statuses = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const answer = await fetch(form?.action ?? '', {
          ...{ method: 'POST', body, redirect: 'manual' },
          headers: { cookie, origin: server.issuer, accept: 'text/html' },
        })
        return answer.status
      }),
    )
    expect(statuses.filter((status) => status === 303)).toHaveLength(1)
    expect(
      await server.storage.prisma.auditEvent.count({ where: { type: 'sign_in.succeeded', accountId: person.id } }),
    ).toBe(1)
  })

  it('opens nothing once the passkey is removed or the account is disabled', async () => {
    const person = await server.addAccount(`gone-${kind}@example.com`)
    const own = createSoftwareAuthenticator(server.issuer)
    const id = await givePasskey(server.storage, person.id, own)
    const browser = server.newBrowser()
    const page = await passkeyPage(browser)
    await server.accounts.disable(person.id)
    expect(pageOf(await use(browser, page, own.get(passkeyOptions(page)))).status).toBe(400)
    await server.accounts.enable(person.id)
    expect(await createPasskeyStore(server.storage).remove(owner.id, id)).toBe(false)
    expect(await createPasskeyStore(server.storage).remove(person.id, id)).toBe(true)
    const next = await passkeyPage(browser)
    expect(pageOf(await use(browser, next, own.get(passkeyOptions(next)))).status).toBe(401)
  })
})
