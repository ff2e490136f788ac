/**
 * Places for fetches of clients' documents. Senders take turns, so that no number of networks that name slow hosts keeps others out; and
 * so do the requests for one host, which would otherwise be kept from a host by whoever asks it for many documents.
 */

import { createFairQueue, type FairQueueOptions, type Sender } from '../../base/fair-queue.js'
import { canParseUrl } from '../../oauth/url.js'

export interface FetchPlaces {
  /** Runs `task` when there is a place for a fetch of `url`. Rejects with QueueFull when too many wait. */
  run<T>(url: string, sender: Sender, task: () => Promise<T>): Promise<T>
}

/** Fetches that run or wait, and of these the ones of one address: each holds a request open. More are refused at once. */
export const waitingLimits = { total: 100, address: 12 } as const

export interface RunningFetches {
  readonly total: number
  readonly atHost: number
}

/** Without a fetch that knows limits of its own. */
const defaultRunning: RunningFetches = { total: 50, atHost: 50 }

const perSender = waitingLimits.address

/** Without turns: what runs is all there may be. For a cache that is alone. */
export function createPlainPlaces(): FetchPlaces {
  const queue = createFairQueue({ concurrency: waitingLimits.total, queueLimit: 0, perSender })
  return { run: (_url, sender, task) => queue.run(sender, task) }
}

/** Shared by all caches that use one fetch. `running`: no more than that fetch takes at once, so that turns decide, and not luck. */
export function createFetchPlaces(running: RunningFetches = defaultRunning): FetchPlaces {
  const { total, atHost } = running
  const places = createFairQueue({ concurrency: total, queueLimit: waitingLimits.total - total, perSender })
  const hostOptions: FairQueueOptions = { concurrency: atHost, queueLimit: waitingLimits.total, perSender }
  const hosts = new Map<string, { readonly queue: ReturnType<typeof createFairQueue>; users: number }>()
  return {
    run: async (url, sender, task) => {
      const host = canParseUrl(url) ? new URL(url).host : url
      const entry = hosts.get(host) ?? { queue: createFairQueue(hostOptions), users: 0 }
      hosts.set(host, entry)
      entry.users += 1
      try {
        // What waits for its host holds no place that another host's document could have.
        return await entry.queue.run(sender, () => places.run(sender, task))
      } finally {
        entry.users -= 1
        if (entry.users === 0) hosts.delete(host)
      }
    },
  }
}
