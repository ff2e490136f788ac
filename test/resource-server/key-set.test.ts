import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { OAuthError } from '../../src/oauth/errors.js'
import { createOperatorFetch } from '../../src/outbound/operator-fetch.js'
import type { TokenVerifier } from '../../src/resource-server/index.js'
import { createRemoteKeySet } from '../../src/resource-server/key-set.js'
import { createTokenVerifier } from '../../src/resource-server/token-verifier.js'
import { createJwtVerifier } from '../../src/resource-server/verifier.js'
import { eventually } from '../support/eventually.js'
import { createSigningKey, resource, startTokenIssuer, type TokenIssuer } from '../support/token-issuer.js'

const fetch = createOperatorFetch({ timeoutMs: 20_000, maxBytes: 100_000 })

let now: Date
let issuer: TokenIssuer
let verify: TokenVerifier

beforeEach(async () => {
  now = new Date('2026-11-21T12:00:00Z')
  const clock = { now: () => now }
  issuer = await startTokenIssuer(resource, clock.now)
  const keys = createRemoteKeySet({ jwksUri: async () => `${issuer.origin}/jwks`, fetch, clock })
  verify = createJwtVerifier({ issuer: issuer.issuer, audience: resource, keys, clock })
})
afterEach(() => issuer.close())

function pass(seconds: number): void {
  now = new Date(now.getTime() + seconds * 1000)
}

const outage = { status: 500, body: {} }
const fetches = () => issuer.hits.get('/jwks') ?? 0

describe('keys of the issuer (RFC 7517), with outages', () => {
  it('fetches the key set once for many requests at the same time', async () => {
    const tokens = await Promise.all(Array.from({ length: 10 }, () => issuer.sign()))
    await Promise.all(tokens.map((token) => verify(token)))
    expect(fetches()).toBe(1)
  })

  it('goes on with known keys while the issuer is down', async () => {
    await verify(await issuer.sign())
    issuer.routes.set('/jwks', outage)
    pass(3_600)
    await expect(verify(await issuer.sign())).resolves.toBeDefined()
  })

  it('stops using keys that are older than a day', async () => {
    await verify(await issuer.sign())
    issuer.routes.set('/jwks', outage)
    pass(86_401)
    await expect(verify(await issuer.sign())).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  })

  it('answers 503, not 401, when it never had a key', async () => {
    issuer.routes.set('/jwks', outage)
    await expect(verify(await issuer.sign())).rejects.toMatchObject({ code: 'temporarily_unavailable', status: 503 })
  })

  it.each([
    ['not a key set', { body: { nothing: true } }],
    ['a redirect', { status: 302, body: {} }],
  ])('answers 503 when it gets %s', async (_name, answer) => {
    issuer.routes.set('/jwks', answer)
    await expect(verify(await issuer.sign())).rejects.toMatchObject({ code: 'temporarily_unavailable' })
  })

  it('recovers after an outage without a restart', async () => {
    const good = issuer.routes.get('/jwks')
    issuer.routes.set('/jwks', outage)
    await expect(verify(await issuer.sign())).rejects.toMatchObject({ status: 503 })
    if (good !== undefined) issuer.routes.set('/jwks', good)
    pass(2)
    await expect(verify(await issuer.sign())).resolves.toBeDefined()
  })

  it('learns a new key when the cool-down is over, at once if no fetch was made lately', async () => {
    await verify(await issuer.sign())
    const next = await createSigningKey('key-2')
    issuer.routes.set('/jwks', { body: { keys: [issuer.key.publicJwk, next.publicJwk] } })
    const token = await issuer.sign({}, { kid: 'key-2' }, next.privateKey)
    await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token' })
    pass(31)
    await expect(verify(token)).resolves.toBeDefined()
    expect(fetches()).toBe(2)
  })

  it('fetches at most once per cool-down for made-up key ids', async () => {
    await verify(await issuer.sign())
    pass(31)
    for (let index = 0; index < 20; index += 1) {
      const token = await issuer.sign({}, { kid: `made-up-${index}` })
      await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token' })
    }
    expect(fetches()).toBe(2)
  })

  it('answers 401 for an unknown key id while the issuer is down', async () => {
    await verify(await issuer.sign())
    issuer.routes.set('/jwks', outage)
    pass(31)
    await expect(verify(await issuer.sign({}, { kid: 'other' }))).rejects.toMatchObject({ code: 'invalid_token' })
  })

  describe('an issuer that comes back with another key under the same kid', () => {
    const replaceKey = async () => {
      const next = await createSigningKey('key-1')
      issuer.routes.set('/jwks', { body: { keys: [next.publicJwk] } })
      return next
    }

    it('is believed at once when no fetch was made lately, and its old key no more', async () => {
      const old = await issuer.sign()
      await verify(old)
      const next = await replaceKey()
      pass(31)
      await expect(verify(await issuer.sign({}, {}, next.privateKey))).resolves.toBeDefined()
      await expect(verify(old)).rejects.toMatchObject({ code: 'invalid_token' })
      expect(fetches()).toBe(2)
    })

    it('is believed by all requests that come at the same moment', async () => {
      await verify(await issuer.sign())
      const next = await replaceKey()
      pass(31)
      const tokens = await Promise.all(Array.from({ length: 5 }, () => issuer.sign({}, {}, next.privateKey)))
      expect(await Promise.all(tokens.map((token) => verify(token)))).toHaveLength(5)
      expect(fetches()).toBe(2)
    })

    it('is asked once per cool-down, however many signatures do not fit', async () => {
      await verify(await issuer.sign())
      const forged = await createSigningKey('key-1')
      pass(31)
      for (let index = 0; index < 20; index += 1) {
        const token = await issuer.sign({}, {}, forged.privateKey)
        await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token' })
      }
      expect(fetches()).toBe(2)
      await expect(verify(await issuer.sign())).resolves.toBeDefined()
    })

    it('is no outage when it is down: the known keys have judged', async () => {
      await verify(await issuer.sign())
      issuer.routes.set('/jwks', outage)
      pass(31)
      const forged = await createSigningKey('key-1')
      const token = await issuer.sign({}, {}, forged.privateKey)
      await expect(verify(token)).rejects.toMatchObject({ code: 'invalid_token', status: 401 })
    })
  })

  it('forgets a withdrawn key after the next renewal', async () => {
    await verify(await issuer.sign())
    const next = await createSigningKey('key-2')
    issuer.routes.set('/jwks', { body: { keys: [next.publicJwk] } })
    pass(601)
    await eventually(async () => {
      const refused = await verify(await issuer.sign()).catch((error: unknown) => error)
      return refused instanceof OAuthError && refused.code === 'invalid_token'
    })
  })

  it('forgets it for tokens too that were verified before, however long they live', async () => {
    const clock = { now: () => now }
    const authorizationServers = [{ issuer: issuer.issuer }]
    const { verify: verifyAndKeep } = createTokenVerifier({ audience: resource, authorizationServers, fetch, clock })
    const token = await issuer.sign({ exp: now.getTime() / 1000 + 80_000 })
    const { keyId } = await verifyAndKeep(token)
    expect(keyId).toBe('key-1')
    const next = await createSigningKey('key-2')
    issuer.routes.set('/jwks', { body: { keys: [next.publicJwk] } })
    pass(601)
    await verifyAndKeep(token)
    // Taken from the old set still, which is renewed behind it; a token of the new key waits for that.
    await verifyAndKeep(await issuer.sign({}, { kid: 'key-2' }, next.privateKey))
    pass(601)
    await expect(verifyAndKeep(token)).rejects.toMatchObject({ code: 'invalid_token' })
  })
})
