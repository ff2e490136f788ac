/**
 * Looks once a second whether the tokens of open streams are still taken: a stream outlives the request whose token was checked, and
 * must not outlive a revocation. Each token is asked about once, however many streams it has open.
 */
import type { TokenVerifier } from '../resource-server/access-token.js'

export interface TokenWatch {
  /** Calls `end` once `token` is no longer taken, or that cannot be found out. Returns how to stop looking. */
  watch(token: string, end: () => void): () => void
}

/** With what the news takes to get here, less than the two seconds in which a revocation is felt. */
const everyMs = 1_000

/** `verify`: the guard's own, with its cache and what is revoked. */
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
