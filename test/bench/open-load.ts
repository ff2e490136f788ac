/**
 * An open loop: requests are due at a fixed rate, evenly spaced, whatever the server does, as people and programs do not wait
 * for each other. Latency counts from when a request was due, not from when it was sent: a server that stalls makes all
 * requests late that fell due meanwhile, and each of them is counted (no coordinated omission).
 */
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { percentile, type Worker } from './load.js'

export interface OpenLoadResult {
  readonly operations: number
  /** Wrong answers and broken connections; none of them is among the latencies. */
  readonly errors: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** Milliseconds. */
export interface Time {
  now(): number
  sleep(ms: number): Promise<unknown>
}

const realTime: Time = { now: () => performance.now(), sleep }

/**
 * Sends `perSecond` requests a second for `seconds`, at most `limit`. A worker that is free takes the next request and waits until
 * it is due. When none is free the request is late, which counts. The error that came first is thrown when nothing succeeded.
 */
export async function runOpenLoad(
  workers: readonly Worker[],
  {
    perSecond,
    seconds,
    limit = Number.POSITIVE_INFINITY,
  }: { readonly perSecond: number; readonly seconds: number; readonly limit?: number },
  time: Time = realTime,
): Promise<OpenLoadResult> {
  const latencies: number[] = []
  const errors: unknown[] = []
  const arrivals = Math.min(limit, Math.floor(perSecond * seconds))
  const startedAt = time.now()
  let taken = 0
  const loop = async (work: Worker): Promise<void> => {
    while (taken < arrivals) {
      const due = startedAt + (taken * 1000) / perSecond
      taken += 1
      const early = due - time.now()
      if (early > 0) await time.sleep(early)
      try {
        if (!(await work())) return
        latencies.push(time.now() - due)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(workers.map(loop))
  if (latencies.length === 0) throw errors[0] ?? new Error('nothing was sent')
  latencies.sort((left, right) => left - right)
  return {
    operations: latencies.length,
    errors: errors.length,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}
