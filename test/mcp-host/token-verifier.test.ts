import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createTokenVerifier } from '../../src/mcp-host/token-verifier.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import { resource, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })
let now = new Date('2026-11-21T12:00:00Z')
const clock = { now: () => now }

let issuer: TokenIssuer
const credentials = { clientId: 'resource-server', clientSecret: 'secret' }

beforeAll(async () => {
  issuer = await startTokenIssuer(resource, clock.now)
})
afterAll(() => issuer.close())
beforeEach(() => issuer.hits.clear())

describe('verifying tokens of the configured issuer', () => {
  it('contacts nobody before the first token, and then once for many', async () => {
    const verify = createTokenVerifier({ issuer: issuer.issuer, audience: resource, fetch, clock })
    expect(issuer.hits.size).toBe(0)
    const token = await issuer.sign()
    for (let times = 0; times < 5; times += 1) await verify(token)
    expect([...issuer.hits.values()]).toEqual([1, 1])
  })

  it('introspects opaque tokens, and notices a revocation within ten seconds', async () => {
    const exp = now.getTime() / 1000 + 600
    const options = { issuer: issuer.issuer, audience: resource, introspection: credentials, fetch, clock }
    const verify = createTokenVerifier(options)
    issuer.routes.set('/introspection', { body: { active: true, aud: resource, client_id: 'client-1', exp } })
    await verify('opaque')
    issuer.routes.set('/introspection', { body: { active: false } })
    now = new Date(now.getTime() + 9_000)
    await expect(verify('opaque')).resolves.toBeDefined()
    now = new Date(now.getTime() + 1_000)
    await expect(verify('opaque')).rejects.toMatchObject({ code: 'invalid_token' })
  })

  it('answers 503 when the issuer offers no introspection', async () => {
    const metadata = { body: { issuer: issuer.issuer, jwks_uri: `${issuer.issuer}/jwks` } }
    issuer.routes.set('/.well-known/oauth-authorization-server', metadata)
    const options = { issuer: issuer.issuer, audience: resource, introspection: credentials, fetch, clock }
    await expect(createTokenVerifier(options)('opaque')).rejects.toMatchObject({ status: 503 })
  })
})
