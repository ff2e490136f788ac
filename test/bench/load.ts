/**
 * A closed loop of workers: each asks again as soon as it was answered, so the server is always busy and the rate is what it
 * can do. Latencies are therefore those of a saturated server, not of one with room to spare: for those see open-load.
 */
import { performance } from 'node:perf_hooks'

/**
 * How many ask at once. Fewer leave a server idle that waits for the disk at each commit, while one that keeps everything in
 * memory is busy with a few: then the rates tell of the disk's patience, not of what the servers can do.
 */
export const connections = 64

/** One operation; false when there is nothing left to do. Throws when the answer was wrong, which ends the run. */
export type Worker = () => Promise<boolean>

export interface LoadResult {
  readonly operations: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
}

/** Runs until `seconds` are over, each worker has done its share of `limit` operations, or the workers have nothing left. */
export async function runLoad(
  workers: readonly Worker[],
  { seconds, limit = Number.POSITIVE_INFINITY }: { readonly seconds: number; readonly limit?: number },
): Promise<LoadResult> {
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  const loop = async (work: Worker): Promise<void> => {
    for (let before = startedAt; before < endsAt && latencies.length < limit; ) {
      before = performance.now()
      if (!(await work())) return
      latencies.push(performance.now() - before)
    }
  }
  await Promise.all(workers.map(loop))
  const elapsed = (performance.now() - startedAt) / 1000
  latencies.sort((left, right) => left - right)
  return {
    operations: latencies.length,
    seconds: elapsed,
    perSecond: latencies.length / elapsed,
    p50Ms: percentile(latencies, 0.5),
    p99Ms: percentile(latencies, 0.99),
  }
}
