/** Remembers used DPoP proofs in this process (RFC 9449 §11.1). */
import type { VerifierClock } from './access-token.js'
import type { ProofReplayStore } from './dpop.js'

/** The used proofs of one key. */
interface UsedProofs {
  readonly used: Set<string>
  /** Proofs by the second of their expiry. */
  readonly ending: Map<number, string[]>
  /** Proofs that expire up to this time are refused, because some of them were forgotten. */
  refusedUntil: number
}

/** `identifier`: the key's thumbprint and the proof's `jti`, with a line break between. */
function keyOf(identifier: string): string {
  return identifier.slice(0, Math.max(0, identifier.indexOf('\n')))
}

/**
 * For a resource that a single process serves. Several replicas need a shared store; otherwise a proof is accepted once at each of them.
 * Holds at most `maxEntries`, default 100 000. Beyond that, the key with the most proofs makes room: its proofs that expire first are
 * forgotten, and every proof of that key that expires no later is refused from then on, new or not. So no proof passes twice under a flood,
 * and only the flooding key needs fresher proofs. A common limit would not work: proofs may be dated ahead, and honest callers' proofs
 * could never be fresher.
 */
export function createProofMemory(clock: VerifierClock, maxEntries = 100_000): ProofReplayStore {
  const keys = new Map<string, UsedProofs>()
  let size = 0
  let refusedUntil = Number.NEGATIVE_INFINITY
  let tidiedAt = Number.NEGATIVE_INFINITY

  function forget({ used, ending }: UsedProofs, second: number): void {
    const ended = ending.get(second) ?? []
    for (const identifier of ended) used.delete(identifier)
    size -= ended.length
    ending.delete(second)
  }

  function forgetEnded(): void {
    const now = Math.floor(clock.now().getTime() / 1000)
    if (now === tidiedAt) return
    tidiedAt = now
    for (const [key, proofs] of keys) {
      for (const second of proofs.ending.keys()) if (second <= now) forget(proofs, second)
      if (proofs.used.size === 0 && proofs.refusedUntil <= now) keys.delete(key)
    }
  }

  /** Keys without proofs are kept for their `refusedUntil`. If there are too many, they are dropped. */
  function forgetKeys(): void {
    if (keys.size <= maxEntries) return
    for (const [key, proofs] of keys) {
      if (proofs.used.size > 0) continue
      refusedUntil = Math.max(refusedUntil, proofs.refusedUntil)
      keys.delete(key)
    }
  }

  /** Removes at least a tenth of the largest key's proofs, so that a flood does not cause a search at each proof. */
  function makeRoom(): void {
    let largest: UsedProofs | undefined
    for (const proofs of keys.values()) if (proofs.used.size > (largest?.used.size ?? 0)) largest = proofs
    if (largest === undefined) return
    const enough = largest.used.size * 0.9
    for (const second of [...largest.ending.keys()].sort((left, right) => left - right)) {
      forget(largest, second)
      largest.refusedUntil = Math.max(largest.refusedUntil, second)
      if (largest.used.size <= enough) break
    }
    forgetKeys()
  }

  return {
    rememberOnce: async (identifier, until) => {
      forgetEnded()
      const key = keyOf(identifier)
      const proofs: UsedProofs = keys.get(key) ?? {
        used: new Set(),
        ending: new Map(),
        refusedUntil: Number.NEGATIVE_INFINITY,
      }
      if (proofs.used.has(identifier)) return false
      const second = Math.ceil(until.getTime() / 1000)
      if (size >= maxEntries) makeRoom()
      if (second <= Math.max(refusedUntil, proofs.refusedUntil)) return false
      keys.set(key, proofs)
      size += 1
      proofs.used.add(identifier)
      const others = proofs.ending.get(second)
      if (others === undefined) proofs.ending.set(second, [identifier])
      else others.push(identifier)
      return true
    },
  }
}
