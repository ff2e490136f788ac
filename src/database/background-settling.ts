/**
 * Background flush: writes counts of this process to the database later, many entries in one statement, so that other processes
 * see them. Owns the timer and the pending entries. The caller owns the statement and what is counted.
 */

export interface SettlingOptions<Entry> {
  readonly everyMs: number
  /** In one statement; the others have to wait for the next. */
  readonly most: number
  /** One statement for all of these. Before it throws it has put back what it took out of them. */
  readonly send: (batch: readonly Entry[]) => Promise<void>
  /** Told when it failed: once, and again after it worked. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

export interface Settling<Entry> {
  /** Has this entry sent with the next statement; once, however often it is called until then. */
  add(entry: Entry): void
  /** How many wait. */
  readonly waiting: number
}

export function settleInBackground<Entry>(options: SettlingOptions<Entry>): Settling<Entry> {
  const { everyMs, most, send, onFailure } = options
  const pending = new Set<Entry>()
  let isScheduled = false
  let hasFailed = false

  const settle = async (): Promise<void> => {
    const batch = [...pending].slice(0, most)
    for (const entry of batch) pending.delete(entry)
    try {
      await send(batch)
      hasFailed = false
    } catch (error) {
      for (const entry of batch) pending.add(entry)
      if (!hasFailed) onFailure?.(error)
      hasFailed = true
    }
  }

  const schedule = () => {
    if (isScheduled) return
    isScheduled = true
    setTimeout(() => {
      void settle().then(() => {
        isScheduled = false
        if (pending.size > 0) schedule()
      })
    }, everyMs).unref()
  }

  return {
    add: (entry) => {
      pending.add(entry)
      schedule()
    },
    get waiting() {
      return pending.size
    },
  }
}
