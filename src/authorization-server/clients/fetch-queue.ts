/**
 * Queue for fetches of clients' documents. Senders take turns, so that many networks naming slow hosts cannot keep others out.
 * Requests for one host take turns too, so that one sender cannot occupy a host with many documents.
 */

import { createFairQueue, type FairQueueOptions, type Sender } from '../../base/fair-queue.js'
import { canParseUrl } from '../../oauth/url.js'

export interface FetchQueue {
  /** Runs `task` when a fetch of `url` may run. Rejects with QueueFull if too many wait. */
  run<T>(url: string, sender: Sender, task: () => Promise<T>): Promise<T>
}

/**
 * Maximum number of fetches that run or wait, in total and of one address. Each holds a request open. Further ones are refused at
 * once.
 */
export const waitingLimits = { total: 100, address: 12 } as const

export interface RunningFetches {
  readonly total: number
  readonly atHost: number
}

/** Default if the fetch has no limits of its own. */
const defaultRunning: RunningFetches = { total: 50, atHost: 50 }

const perSender = waitingLimits.address

/** Runs or refuses; nothing waits. For a cache that shares its fetch with no other. */
export function createUnqueuedFetches(): FetchQueue {
  const queue = createFairQueue({ concurrency: waitingLimits.total, queueLimit: 0, perSender })
  return { run: (_url, sender, task) => queue.run(sender, task) }
}

/**
 * Shared by all caches that use one fetch. `running`: at most what that fetch runs at once, so that the queue decides the order.
 */
export function createFetchQueue(running: RunningFetches = defaultRunning): FetchQueue {
  const { total, atHost } = running
  const all = createFairQueue({ concurrency: total, queueLimit: waitingLimits.total - total, perSender })
  const hostOptions: FairQueueOptions = { concurrency: atHost, queueLimit: waitingLimits.total, perSender }
  const hosts = new Map<string, { readonly queue: ReturnType<typeof createFairQueue>; users: number }>()
  return {
    run: async (url, sender, task) => {
      const host = canParseUrl(url) ? new URL(url).host : url
      const entry = hosts.get(host) ?? { queue: createFairQueue(hostOptions), users: 0 }
      hosts.set(host, entry)
      entry.users += 1
      try {
        // A fetch that waits for its host must not occupy a slot of another host's document.
        return await entry.queue.run(sender, () => all.run(sender, task))
      } finally {
        entry.users -= 1
        if (entry.users === 0) hosts.delete(host)
      }
    },
  }
}
