/** Caches the last good copy of a remote value: with single flight, a cool-down, and renewal in the background. */
import type { VerifierClock } from './access-token.js'

export interface KeptCopyOptions<T> {
  readonly load: () => Promise<T>
  readonly clock: VerifierClock
  /** After this age the copy is renewed in the background. */
  readonly freshSeconds: number
  /** After this age the copy is no longer used, which limits how long an outage can be bridged. */
  readonly usableSeconds: number
  /** At most one attempt per this time while a usable copy exists. */
  readonly cooldownSeconds: number
  /** The cool-down doubles after each consecutive failure, up to this; default: it does not change. */
  readonly longestCooldownSeconds?: number
  /** Without a copy, the pause between attempts starts at one second and doubles up to this. */
  readonly longestBackOffSeconds: number
}

export interface KeptCopy<T> {
  /** The current copy; waits only if there is no usable one. Throws the error of `load` if none can be loaded. */
  current(): Promise<T>
  /** A newer copy if the cool-down allows an attempt and it succeeds, otherwise the current one. */
  renewed(): Promise<T>
}

interface Copy<T> {
  readonly value: T
  readonly loadedAt: number
}

/** Creates a kept copy. Nothing is loaded before the first call. */
export function keepCopy<T>(options: KeptCopyOptions<T>): KeptCopy<T> {
  let copy: Copy<T> | undefined
  let flight: Promise<T> | undefined
  let lastFailure: unknown
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failures = 0
  const seconds = () => options.clock.now().getTime() / 1000
  const ageOf = ({ loadedAt }: Copy<T>) => seconds() - loadedAt
  const usable = () => (copy !== undefined && ageOf(copy) < options.usableSeconds ? copy : undefined)

  async function attempt(): Promise<T> {
    attemptedAt = seconds()
    try {
      const value = await options.load()
      copy = { value, loadedAt: seconds() }
      failures = 0
      return value
    } catch (error) {
      failures += 1
      lastFailure = error
      throw error
    }
  }

  function pauseSeconds(): number {
    const doubled = failures === 0 ? 0 : 2 ** (failures - 1)
    if (usable() === undefined) return Math.min(doubled, options.longestBackOffSeconds)
    const { cooldownSeconds, longestCooldownSeconds = cooldownSeconds } = options
    return Math.min(cooldownSeconds * Math.max(doubled, 1), longestCooldownSeconds)
  }

  const mayAttempt = () => seconds() - attemptedAt >= pauseSeconds()

  function load(): Promise<T> {
    if (flight !== undefined) return flight
    if (!mayAttempt()) return Promise.reject(lastFailure)
    flight = attempt().finally(() => {
      flight = undefined
    })
    return flight
  }

  return {
    current: async () => {
      const kept = usable()
      if (kept === undefined) return load()
      if (ageOf(kept) >= options.freshSeconds && mayAttempt()) load().catch(() => undefined)
      return kept.value
    },
    renewed: async () => {
      const kept = usable()
      if (kept === undefined) return load()
      if (flight === undefined && !mayAttempt()) return kept.value
      return load().catch(() => kept.value)
    },
  }
}
