/**
 * Background flush: writes counts of this process to the database later, many entries in one statement, so that other processes
 * see them. Owns the timer and the pending entries. The caller owns the statement and what is counted.
 */

export interface FlushOptions<Entry> {
  readonly everyMs: number
  /** Maximum entries of one statement; further ones wait for the next. */
  readonly most: number
  /** Writes the batch in one statement. If it throws, it must first restore the counts of the entries. */
  readonly send: (batch: readonly Entry[]) => Promise<void>
  /** Called when flushing fails: once per series of failures. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

export interface BackgroundFlush<Entry> {
  /** Includes this entry in the next statement, once, however often it is added until then. */
  add(entry: Entry): void
  /** Number of pending entries. */
  readonly waiting: number
}

export function flushInBackground<Entry>(options: FlushOptions<Entry>): BackgroundFlush<Entry> {
  const { everyMs, most, send, onFailure } = options
  const pending = new Set<Entry>()
  let isScheduled = false
  let hasFailed = false

  const flush = async (): Promise<void> => {
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
      void flush().then(() => {
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
