import { beforeEach, describe, expect, it } from '@jest/globals'
import { OAuthError } from '../../src/oauth/errors.js'
import type { AccessToken, TokenVerifier } from '../../src/resource-server/index.js'
import { cacheVerifiedTokens } from '../../src/resource-server/token-cache.js'

let now = 1_000
let verified: string[] = []
let outcome: (token: string) => Promise<AccessToken>
const clock = { now: () => new Date(now * 1000) }

const underlying: TokenVerifier = (token) => {
  verified.push(token)
  return outcome(token)
}

function tokenOf(name: string, expiresAt = 1_600): AccessToken {
  return { clientId: name, scopes: [], expiresAt, audience: [], issuer: 'https://issuer.test', claims: {} }
}

beforeEach(() => {
  now = 1_000
  verified = []
  outcome = async (token) => tokenOf(token)
})

describe('verified-token cache', () => {
  it('verifies a token once and answers the same afterwards', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock })
    await verify('a')
    expect((await verify('a')).clientId).toBe('a')
    expect(verified).toEqual(['a'])
  })

  it('takes tokens that differ only in the signature for different tokens', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock })
    await verify('header.payload.good')
    outcome = async () => {
      throw new OAuthError('invalid_token', 'no')
    }
    await expect(verify('header.payload.forged')).rejects.toThrow('no')
  })

  it('forgets a token at its exp', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock })
    await verify('a')
    now = 1_599
    await verify('a')
    expect(verified).toHaveLength(1)
    now = 1_600
    await verify('a')
    expect(verified).toHaveLength(2)
  })

  it('never keeps a token that has expired already', async () => {
    outcome = async (token) => tokenOf(token, 998)
    const verify = cacheVerifiedTokens(underlying, { clock })
    await verify('a')
    await verify('a')
    expect(verified).toHaveLength(2)
  })

  it('asks again after the greatest age, for introspection', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock, maxAgeSeconds: 10 })
    await verify('a')
    now += 10
    await verify('a')
    expect(verified).toHaveLength(2)
  })

  it('verifies once for many requests at the same time', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock })
    await Promise.all(Array.from({ length: 20 }, () => verify('a')))
    expect(verified).toHaveLength(1)
  })

  it('keeps the most recently used tokens when it is full', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock, maxEntries: 2 })
    await verify('a')
    await verify('b')
    await verify('a')
    await verify('c')
    await verify('a')
    expect(verified).toEqual(['a', 'b', 'c'])
    await verify('b')
    expect(verified).toEqual(['a', 'b', 'c', 'b'])
  })

  it('remembers a refusal for two seconds', async () => {
    outcome = async () => {
      throw new OAuthError('invalid_token', 'no')
    }
    const verify = cacheVerifiedTokens(underlying, { clock })
    await expect(verify('a')).rejects.toMatchObject({ code: 'invalid_token' })
    await expect(verify('a')).rejects.toMatchObject({ code: 'invalid_token' })
    expect(verified).toHaveLength(1)
    now += 2
    await expect(verify('a')).rejects.toMatchObject({ code: 'invalid_token' })
    expect(verified).toHaveLength(2)
  })

  it('does not let bad tokens push out good ones', async () => {
    const verify = cacheVerifiedTokens(underlying, { clock, maxEntries: 2 })
    await verify('good')
    outcome = async () => {
      throw new OAuthError('invalid_token', 'no')
    }
    for (const bad of ['x', 'y', 'z']) await expect(verify(bad)).rejects.toThrow()
    await expect(verify('good')).resolves.toMatchObject({ clientId: 'good' })
  })

  it.each([
    ['an outage', () => new OAuthError('temporarily_unavailable', 'later')],
    ['an unexpected error', () => new Error('bug')],
  ])('does not remember %s', async (_name, error) => {
    outcome = async () => {
      throw error()
    }
    const verify = cacheVerifiedTokens(underlying, { clock })
    await expect(verify('a')).rejects.toThrow()
    outcome = async (token) => tokenOf(token)
    await expect(verify('a')).resolves.toMatchObject({ clientId: 'a' })
  })
})
