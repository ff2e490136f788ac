/** Gives all failures of one kind the same duration, so that timing does not reveal the cause (blind SSRF, CVE-2026-1180). */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** Runs `work`; if then `isUniform`, resolves no sooner than `milliseconds` after the start. */
export async function uniformly(milliseconds: number, work: () => Promise<unknown>, isUniform: () => boolean) {
  const startedAt = performance.now()
  await work()
  if (isUniform()) await sleep(Math.max(0, milliseconds - (performance.now() - startedAt)))
}

/**
 * Runs `work`. Success resolves at once; failure rejects no sooner than `milliseconds` after the start. `isTold`: failures that
 * reveal nothing about the attempt, and reject at once.
 */
export async function failNoSooner<T>(
  milliseconds: number,
  work: () => Promise<T>,
  isTold: (error: unknown) => boolean = () => false,
): Promise<T> {
  const startedAt = performance.now()
  try {
    return await work()
  } catch (error) {
    if (isTold(error)) throw error
    await sleep(Math.max(0, milliseconds - (performance.now() - startedAt)))
    throw error
  }
}
