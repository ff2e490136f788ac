/** Remembers used DPoP proofs in this process (RFC 9449 §11.1). */
import type { VerifierClock } from './access-token.js'
import type { ProofReplayStore } from './dpop.js'

/**
 * For a resource that one process serves. Several replicas need a store that they share, or a proof is good once at each of them.
 * Holds `maxEntries` at most, default 100 000; beyond that the oldest are forgotten first.
 */
export function createProofMemory(clock: VerifierClock, maxEntries = 100_000): ProofReplayStore {
  const used = new Map<string, number>()
  /** In the order in which they were said, which is nearly the one in which they end. */
  function forgetEnded(now: number): void {
    for (const [identifier, until] of used) {
      if (until > now && used.size < maxEntries) return
      used.delete(identifier)
    }
  }
  return {
    rememberOnce: async (identifier, until) => {
      const now = clock.now().getTime()
      if ((used.get(identifier) ?? 0) > now) return false
      forgetEnded(now)
      used.set(identifier, until.getTime())
      return true
    },
  }
}
