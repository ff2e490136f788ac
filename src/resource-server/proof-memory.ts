/** Remembers used DPoP proofs in this process (RFC 9449 §11.1). */
import type { VerifierClock } from './access-token.js'
import type { ProofReplayStore } from './dpop.js'

/**
 * For a resource that one process serves. Several replicas need a store that they share, or a proof is good once at each of them.
 * Holds `maxEntries` at most, default 100 000. Beyond that those that end first are forgotten, and every proof that ends no later is
 * refused from then on, new or not: under a flood proofs must be fresher, and none passes twice.
 */
export function createProofMemory(clock: VerifierClock, maxEntries = 100_000): ProofReplayStore {
  const used = new Set<string>()
  /** By the second in which they end. */
  const ending = new Map<number, string[]>()
  let refusedUntil = Number.NEGATIVE_INFINITY
  let tidiedAt = Number.NEGATIVE_INFINITY

  function forget(second: number): void {
    for (const identifier of ending.get(second) ?? []) used.delete(identifier)
    ending.delete(second)
  }

  function forgetEnded(): void {
    const now = Math.floor(clock.now().getTime() / 1000)
    if (now === tidiedAt) return
    tidiedAt = now
    for (const second of ending.keys()) if (second <= now) forget(second)
  }

  return {
    rememberOnce: async (identifier, until) => {
      forgetEnded()
      if (used.has(identifier)) return false
      const second = Math.ceil(until.getTime() / 1000)
      if (used.size >= maxEntries) {
        refusedUntil = Math.max(refusedUntil, Math.min(...ending.keys()))
        forget(refusedUntil)
      }
      if (second <= refusedUntil) return false
      used.add(identifier)
      const others = ending.get(second)
      if (others === undefined) ending.set(second, [identifier])
      else others.push(identifier)
      return true
    },
  }
}
