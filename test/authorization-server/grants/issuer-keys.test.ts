/** The keys of trusted issuers when they change, on a stand-in issuer. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createAssertionVerifier } from '../../../src/authorization-server/grants/issuer-keys.js'
import { systemClock } from '../../../src/base/clock.js'
import type { TrustedIssuer } from '../../../src/oauth/trusted-issuer.js'
import { createOperatorFetch } from '../../../src/outbound/operator-fetch.js'
import { type IdentityProvider, startIdentityProvider } from '../../support/identity-provider.js'
import { createSigningKey } from '../../support/token-issuer.js'

let idp: IdentityProvider
beforeEach(async () => {
  idp = await startIdentityProvider({ sub: 'ada' })
})
afterEach(() => idp.close())

function verifier(cooldownSeconds: number) {
  const trusted: TrustedIssuer = {
    issuer: idp.issuer,
    jwksUri: `${idp.origin}/jwks`,
    algorithms: ['ES256'],
    clients: [],
    maxLifetimeSeconds: 600,
    accounts: 'linked',
    emailDomains: [],
  }
  const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
  return createAssertionVerifier(() => [trusted], fetch, systemClock, cooldownSeconds)
}

const fetches = () => idp.hits.get('/jwks') ?? 0

/** Another key under the name of the first. */
async function replaceKey() {
  const next = await createSigningKey('idp-1')
  idp.routes.set('/jwks', { body: { keys: [next.publicJwk] } })
  return next.privateKey
}

describe('a trusted issuer that comes back with another key under the same kid', () => {
  it('is believed, and its old key no more', async () => {
    const verify = verifier(0)
    await verify(await idp.assert())
    const key = await replaceKey()
    expect((await verify(await idp.assert({ key }))).claims).toMatchObject({ iss: idp.issuer, sub: 'ada' })
    await expect(verify(await idp.assert())).rejects.toThrow('signature verification failed')
  })

  it('is asked once per cool-down, and not for every signature that does not fit', async () => {
    const verify = verifier(60)
    await verify(await idp.assert())
    const { privateKey: key } = await createSigningKey('idp-1')
    for (let tries = 0; tries < 5; tries += 1)
      await expect(verify(await idp.assert({ key }))).rejects.toThrow('signature verification failed')
    expect(fetches()).toBe(1)
  })

  it('is no outage while it is down: the known keys have judged', async () => {
    const verify = verifier(0)
    await verify(await idp.assert())
    idp.routes.set('/jwks', { status: 500, body: {} })
    const { privateKey: key } = await createSigningKey('idp-1')
    await expect(verify(await idp.assert({ key }))).rejects.toThrow('signature verification failed')
    await expect(verify(await idp.assert())).resolves.toBeDefined()
  })
})
