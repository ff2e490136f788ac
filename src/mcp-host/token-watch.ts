/**
 * Checks once a second whether the tokens of open streams are still accepted: a stream must not continue after its token is revoked. Each
 * token is checked once, however many streams it has open.
 */
import type { TokenVerifier } from '../resource-server/access-token.js'

export interface TokenWatch {
  /** Calls `end` once `token` is no longer accepted, or cannot be verified. Returns a function that stops watching. */
  watch(token: string, end: () => void): () => void
}

/** Together with the delay of the feed, less than the two seconds within which a revocation must take effect. */
const everyMs = 1_000

/** `verify`: the guard's verifier, with its cache and revocations. */
export function createTokenWatch(verify: TokenVerifier): TokenWatch {
  const watched = new Map<string, Set<() => void>>()
  let isLooking = false

  async function look(): Promise<void> {
    const looks = [...watched].map(([token, ends]) =>
      verify(token).catch(() => {
        for (const end of ends) end()
      }),
    )
    await Promise.all(looks)
  }

  function lookLater(): void {
    if (isLooking || watched.size === 0) return
    isLooking = true
    setTimeout(() => {
      void look().then(() => {
        isLooking = false
        lookLater()
      })
    }, everyMs).unref()
  }

  return {
    watch: (token, end) => {
      const ends = watched.get(token) ?? new Set()
      watched.set(token, ends.add(end))
      lookLater()
      return () => {
        ends.delete(end)
        if (ends.size === 0 && watched.get(token) === ends) watched.delete(token)
      }
    },
  }
}
