/** How strong a sign-in has to be: by a client's essential `acr`, by a resource's rules, by the setting. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { notesResource } from '../../../src/notes/notes-resource.js'
import { constantDeclarations, declarationOf, defaultTokenRules } from '../../../src/oauth/declared-resource.js'
import { phishingResistantLevel, type SignInLevel, twoFactorLevel } from '../../../src/oauth/sign-in-levels.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../../support/authorization.js'
import { type Browser, type Page, pageOf } from '../../support/browser.js'
import { preferredDatabase } from '../../support/databases.js'
import { codeAt, giveApp, givePasskey, passkeyOptions } from '../../support/factors.js'
import { type Grant, newGrant, redeem, startAuthorization } from '../../support/oauth-client.js'
import { createSoftwareAuthenticator } from '../../support/software-authenticator.js'
import { resource, startServer, type TestServer } from '../server.js'

const strongerPage = 'A stronger sign-in is needed'
const essential = (...values: string[]) => ({
  claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }),
})

async function withPasskey(browser: Browser, page: Page, device: ReturnType<typeof createSoftwareAuthenticator>) {
  const href = page.links.find(({ text }) => text === 'Use a passkey')?.href ?? ''
  const passkeyPage = pageOf(await browser.open(new URL(href, page.url).href))
  return pageOf(await browser.press(passkeyPage, 'Continue', { credential: device.get(passkeyOptions(passkeyPage)) }))
}

describe('A client that demands a level', () => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(preferredDatabase())
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  const started = (parameters: Record<string, string>) =>
    startAuthorization(grant.server, { ...grant, scope: 'openid notes:read', parameters })

  const idToken = async (browser: Browser, page: Page, codeVerifier: string) => {
    const arrival = await consent(browser, page)
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    const { tokens } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', codeVerifier)
    return decodeJwt(tokens?.id_token ?? '')
  }

  it('is told a value that it named, which a stronger sign-in reaches too', async () => {
    const person = await server.addAccount('both@example.com')
    const device = createSoftwareAuthenticator(server.issuer)
    await givePasskey(server.storage, person.id, device)
    const { url, codeVerifier } = started(essential(twoFactorLevel))
    const browser = server.newBrowser()
    const page = await withPasskey(browser, pageOf(await browser.open(url)), device)
    expect(await idToken(browser, page, codeVerifier)).toMatchObject({
      acr: twoFactorLevel,
      amr: ['hwk', 'user', 'mfa'],
    })
  })

  it('GHSA-hp74-gm6m-2qm5: gets no fresh password in place of a passkey, and the person learns what is missing', async () => {
    const person = await server.addAccount('password@example.com')
    const browser = server.newBrowser()
    const signInPage = pageOf(await browser.open(started(essential(phishingResistantLevel)).url))
    const page = pageOf(await signIn(browser, signInPage, person))
    expect([page.heading, page.text.includes('Sign in with a passkey.')]).toEqual([strongerPage, true])
    // Neither the consent nor the engine lets it pass.
    const uid = /interaction\/([^/]+)/.exec(page.url)?.[1] ?? ''
    const csrf = page.forms[0]?.fields.find(({ name }) => name === 'csrf')?.value ?? ''
    const decided = await browser.post(
      `${server.issuer}/interaction/${uid}/consent`,
      { csrf, decision: 'allow', scope: 'notes:read', deliberate: '1' },
      page.url,
    )
    expect(pageOf(decided).heading).toBe(strongerPage)
    const resumed = await browser.open(`${server.issuer}/authorize/${uid}`)
    expect('left' in resumed).toBe(false)

    const device = createSoftwareAuthenticator(server.issuer)
    await givePasskey(server.storage, person.id, device)
    const { url, codeVerifier } = started(essential(phishingResistantLevel))
    const again = pageOf(await browser.open(url))
    expect(isSignInPage(again)).toBe(true)
    const consentPage = await withPasskey(browser, again, device)
    expect(await idToken(browser, consentPage, codeVerifier)).toMatchObject({ acr: phishingResistantLevel })
  })

  it('hears that it cannot be met when the person gives up', async () => {
    const person = await server.addAccount('gives-up@example.com')
    const browser = server.newBrowser()
    const page = pageOf(
      await signIn(browser, pageOf(await browser.open(started(essential(twoFactorLevel)).url)), person),
    )
    const arrival = await browser.press(page, 'Cancel and go back')
    if (!('left' in arrival)) throw new Error(`stopped at ${arrival.page.heading}`)
    expect(new URL(arrival.left).searchParams.get('error')).toBe('unmet_authentication_requirements')
  })

  it('that names no level known here is refused at once, and a voluntary one asks nothing more', async () => {
    const { url } = started(essential('urn:unknown'))
    const arrival = await server.newBrowser().open(url)
    expect('left' in arrival ? arrival.left : pageOf(arrival).text).toMatch(/unmet_authentication_requirements/)
    const browser = server.newBrowser()
    const voluntary = pageOf(await browser.open(started({ acr_values: phishingResistantLevel }).url))
    expect(isConsentPage(pageOf(await signIn(browser, voluntary, server.account)))).toBe(true)
  })

  it('finds the levels in the metadata', async () => {
    const metadata = await (await fetch(`${server.issuer}/.well-known/openid-configuration`)).json()
    expect(metadata).toMatchObject({ acr_values_supported: expect.arrayContaining([twoFactorLevel, 'phr']) })
  })
})

describe.each<[string, (acr: SignInLevel) => Parameters<typeof startServer>[1]]>([
  [
    'A resource',
    (acr) => ({
      declarations: constantDeclarations({
        resources: [declarationOf(notesResource(resource), { tokens: { ...defaultTokenRules, acr }, isDefault: true })],
        assertionIssuers: [],
        groups: [],
      } as never),
    }),
  ],
  ['The setting', (requiredLevel) => ({ requiredLevel })],
])('%s that demands two factors', (_what, optionsOf) => {
  let server: TestServer
  let grant: Grant
  beforeAll(async () => {
    server = await startServer(preferredDatabase(), optionsOf(twoFactorLevel))
    grant = await newGrant(server)
  })
  afterAll(() => server.close())

  it('lets nobody in with a password alone, not even with a session or remembered consent', async () => {
    const person = await server.addAccount('person@example.com')
    const browser = server.newBrowser()
    const { url, codeVerifier } = startAuthorization(grant.server, { ...grant, scope: 'notes:read' })
    const page = pageOf(await signIn(browser, pageOf(await browser.open(url)), person))
    expect(page.heading).toBe(strongerPage)
    const silent = startAuthorization(grant.server, { ...grant, scope: 'notes:read', parameters: { prompt: 'none' } })
    const arrival = await browser.open(silent.url)
    expect('left' in arrival ? new URL(arrival.left).searchParams.get('error') : '').toBe('login_required')

    const secret = await giveApp(server.storage, person.id)
    const again = pageOf(await browser.press(page, 'Sign in again'))
    const codePage = pageOf(await signIn(browser, again, person))
    const consentPage = pageOf(
      await browser.press(codePage, 'Continue', { Code: codeAt(secret, server.storage.clock.now()) }),
    )
    expect(isConsentPage(consentPage)).toBe(true)
    const allowed = await consent(browser, consentPage)
    if (!('left' in allowed)) throw new Error(`stopped at ${allowed.page.heading}`)
    const { tokens } = await redeem(grant, new URL(allowed.left).searchParams.get('code') ?? '', codeVerifier)
    expect(tokens?.refresh_token).toBeDefined()
  })

  it('lets people into their account, where they set up what is missing', async () => {
    const person = await server.addAccount('account@example.com')
    const browser = server.newBrowser()
    const page = pageOf(await signIn(browser, pageOf(await browser.open(`${server.issuer}/account/security`)), person))
    expect(page.heading).toBe('Security')
  })
})
