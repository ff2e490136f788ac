/**
 * Caches verified tokens, keyed by SHA-256 of the whole token including the signature: with a smaller key (the `jti`, the payload) a forged
 * token could use the entry of a genuine one. The token itself is never stored.
 */
import { hash } from 'node:crypto'
import { OAuthError } from '../oauth/errors.js'
import type { AccessToken, TokenVerifier, VerifierClock } from './access-token.js'

export interface TokenCacheOptions {
  readonly clock: VerifierClock
  /** Least recently used entries beyond this many are dropped; default 10 000. */
  readonly maxEntries?: number
  /** Maximum age of a cached result; default: until `exp`. Use 10 for introspection. */
  readonly maxAgeSeconds?: number
  /** How long a refusal is cached; default 2. Never longer than a key rotation may take to be noticed. */
  readonly refusalSeconds?: number
}

interface Entry<T> {
  readonly value: T
  readonly diesAt: number
}

/** A bounded map with expiring entries; the least recently used are dropped first. */
function createBoundedMap<T>(maxEntries: number) {
  const entries = new Map<string, Entry<T>>()
  return {
    get(key: string, now: number): T | undefined {
      const entry = entries.get(key)
      if (entry === undefined) return undefined
      entries.delete(key)
      if (now >= entry.diesAt) return undefined
      entries.set(key, entry)
      return entry.value
    },
    set(key: string, value: T, diesAt: number): void {
      entries.delete(key)
      entries.set(key, { value, diesAt })
      if (entries.size <= maxEntries) return
      for (const oldest of entries.keys()) {
        entries.delete(oldest)
        break
      }
    },
  }
}

/**
 * Wraps a verifier. Guarantees: one verification at a time per token, no cached result after `exp`, refusals cached only briefly, outages
 * never. Refusals are in a separate map, so that a flood of invalid tokens cannot evict valid ones.
 */
export function cacheVerifiedTokens(verify: TokenVerifier, options: TokenCacheOptions): TokenVerifier {
  const maxEntries = options.maxEntries ?? 10_000
  const accepted = createBoundedMap<AccessToken>(maxEntries)
  const refused = createBoundedMap<OAuthError>(Math.min(maxEntries, 1_000))
  const flights = new Map<string, Promise<AccessToken>>()
  const seconds = () => options.clock.now().getTime() / 1000

  async function verifyAndKeep(key: string, token: string): Promise<AccessToken> {
    try {
      const accessToken = await verify(token)
      const now = seconds()
      const diesAt = Math.min(accessToken.expiresAt, now + (options.maxAgeSeconds ?? Number.POSITIVE_INFINITY))
      if (diesAt > now) accepted.set(key, accessToken, diesAt)
      return accessToken
    } catch (error) {
      if (error instanceof OAuthError && error.code === 'invalid_token') {
        refused.set(key, error, seconds() + (options.refusalSeconds ?? 2))
      }
      throw error
    }
  }

  return async (token) => {
    const key = hash('sha256', token, 'base64')
    const now = seconds()
    const known = accepted.get(key, now)
    if (known !== undefined) return known
    const refusal = refused.get(key, now)
    if (refusal !== undefined) throw refusal
    const running = flights.get(key)
    if (running !== undefined) return running
    const flight = verifyAndKeep(key, token).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }
}
