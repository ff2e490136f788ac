/**
 * Long polling: many waiters share one query per interval for a change, and no query runs while nobody waits. Owns the timers.
 * The caller owns the query.
 */

export interface ChangeWatchOptions {
  /** Whether anything changed since `since`, and the place to ask from next. The first question after a pause has no `since`. */
  readonly ask: (since: string | undefined) => Promise<{ readonly changed: boolean; readonly place: string }>
  readonly intervalMs: number
  /** Aborted: nobody waits any more. */
  readonly stopping?: AbortSignal | undefined
}

/** One who watches. Take it before looking for oneself, so that nothing happens unseen between the two. */
export interface Watcher {
  /** Resolves at a change since the watcher was made or last waited, after `milliseconds`, or when `gone` or `stopping` says so. */
  wait(milliseconds: number, gone: AbortSignal): Promise<void>
  end(): void
}

/** Nothing is asked before somebody watches. A question that fails is asked again; it wakes nobody. */
export function createChangeWatch({ ask, intervalMs, stopping }: ChangeWatchOptions): { watch(): Watcher } {
  let watchers = 0
  let changes = 0
  let asking = false
  let place: string | undefined
  const sleepers = new Set<() => void>()

  async function askOnce(): Promise<void> {
    try {
      const answer = await ask(place)
      place = answer.place
      if (!answer.changed) return
      changes += 1
      for (const wake of [...sleepers]) wake()
    } catch {
      // Each waiter ends by its own timer.
    }
  }

  async function askOn(): Promise<void> {
    asking = true
    while (watchers > 0) {
      await askOnce()
      await new Promise((resolve) => void setTimeout(resolve, intervalMs).unref())
    }
    asking = false
    place = undefined
  }

  return {
    watch: () => {
      watchers += 1
      if (!asking) void askOn()
      let seen = changes
      let ended = false
      return {
        wait: async (milliseconds, gone) => {
          const isOver = () => changes !== seen || gone.aborted || stopping?.aborted === true
          if (!isOver() && milliseconds > 0) {
            await new Promise<void>((resolve) => {
              const wake = () => {
                clearTimeout(timer)
                sleepers.delete(wake)
                for (const signal of signals) signal?.removeEventListener('abort', wake)
                resolve()
              }
              const timer = setTimeout(wake, milliseconds)
              const signals = [gone, stopping]
              sleepers.add(wake)
              for (const signal of signals) signal?.addEventListener('abort', wake)
            })
          }
          seen = changes
        },
        end: () => {
          if (!ended) watchers -= 1
          ended = true
        },
      }
    },
  }
}
