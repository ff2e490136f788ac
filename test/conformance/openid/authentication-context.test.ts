import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { fetchUserInfo, refreshTokenGrant } from 'openid-client'
import { startServer, type TestServer } from '../../authorization-server/server.js'
import { type RelyingParty, registerRelyingParty, signInAt } from './relying-party.js'

const password = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'

/** Of the basic plan: oidcc-ensure-request-with-acr-values-succeeds, oidcc-max-age-1, oidcc-max-age-10000. */
describe('How and when a person signed in (OpenID Connect Core §2)', () => {
  let server: TestServer
  let party: RelyingParty
  beforeAll(async () => {
    server = await startServer('embedded')
    party = await registerRelyingParty(server, { grant_types: ['authorization_code', 'refresh_token'] })
  })
  afterAll(() => server.close())

  const now = () => Math.floor(Date.now() / 1_000)

  it('is in every ID token, asked for or not, with a resource or without', async () => {
    for (const scope of ['openid', 'openid notes:read']) {
      const claims = (await signInAt(party, server.newBrowser(), { scope })).claims()
      expect(claims).toMatchObject({ acr: password, amr: ['pwd'], auth_time: expect.any(Number) })
      expect(Math.abs(now() - Number(claims?.auth_time))).toBeLessThan(60)
    }
  })

  it('stays what it was in a later request and after a refresh: nobody signed in again', async () => {
    const browser = server.newBrowser()
    const first = await signInAt(party, browser)
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const second = await signInAt(party, browser, { max_age: '10000' })
    const refreshed = await refreshTokenGrant(party.configuration, second.refresh_token ?? '')
    for (const tokens of [second, refreshed]) {
      expect(tokens.claims()).toMatchObject({ auth_time: first.claims()?.auth_time, acr: password, amr: ['pwd'] })
    }
  })

  it('does not depend on what the client wishes (acr_values is voluntary)', async () => {
    const wished = await signInAt(party, server.newBrowser(), { acr_values: 'phr phrh' })
    expect(wished.claims()?.['acr']).toBe(password)
    const known = await signInAt(party, server.newBrowser(), { acr_values: `phr ${password}` })
    expect(known.claims()?.['acr']).toBe(password)
  })

  it('is no claim about the person: userinfo has none of it', async () => {
    const tokens = await signInAt(party, server.newBrowser(), { scope: 'openid email' })
    const claims = await fetchUserInfo(party.configuration, tokens.access_token, tokens.claims()?.sub ?? '')
    expect(Object.keys(claims).filter((name) => ['acr', 'amr', 'auth_time'].includes(name))).toEqual([])
  })

  it('is announced, as is what is not offered', () => {
    const metadata = party.configuration.serverMetadata()
    expect(metadata.acr_values_supported).toEqual([password, 'https://refeds.org/profile/mfa', 'phr'])
    expect(metadata.claims_supported).toEqual(
      expect.arrayContaining(['sub', 'acr', 'amr', 'auth_time', 'name', 'email']),
    )
    expect([metadata.claims_parameter_supported, metadata.request_uri_parameter_supported]).toEqual([true, false])
    expect(metadata['request_parameter_supported'] ?? false).toBe(false)
  })
})
