/**
 * Counts how often something was used, for limits that need not be exact: in memory at once, and with the other processes in the
 * background. No request waits for the database here. What was counted is settled once a second in one statement, and only what has
 * passed a tenth of its limit; so each process may let through a tenth more than the limit, and what reaches it within a second. Limits
 * that guard secrets are exact: rate-limits.ts. While the database is away every process counts for itself.
 */
import { settleInBackground } from '../platform/background-settling.js'
import { BoundedMap } from '../platform/bounded-map.js'
import type { Clock } from '../platform/clock.js'
import type { Sql, Statement } from '../platform/database.js'
import { hashSecret } from '../platform/secrets.js'

export interface CountedLimit {
  /** Unique among all limits. */
  readonly name: string
  /** Uses in a window; 0: no limit. */
  readonly limit: number
  readonly windowSeconds: number
}

export interface Excess {
  readonly retryAfterSeconds: number
}

export interface UsageCounters {
  /** Counts a use by `who`, unless they are used up: then the seconds to wait. */
  take(limit: CountedLimit, who: string): Excess | undefined
  /** The seconds to wait when they are used up. Counts nothing. */
  excess(limit: CountedLimit, who: string): Excess | undefined
}

export interface UsageCountersOptions {
  /** Entries kept in memory, about 200 bytes each; whoever was quiet for longest is forgotten first. */
  readonly maxEntries?: number
  readonly settleEveryMs?: number
  /** Told when settling failed: once, and again after it worked. */
  readonly onFailure?: (error: unknown) => void
}

interface Counter {
  readonly key: string
  /** When its window ends. Windows lie alike in all processes, so that each is counted in a row of its own. */
  readonly endsAt: number
  /** Uses known of, everywhere. */
  used: number
  /** Of these, the ones that only this process knows of. */
  unsettled: number
}

/** Counters in one statement; the others have to wait for the next. */
const maxSettled = 500

// In the order of keys: processes that settle at the same time lock rows in the same order.
const settle: Statement = {
  name: 'usage_settle',
  lane: 'security',
  text: `INSERT INTO rate_limits AS t (key, used, resets_at)
    SELECT key, used, resets_at FROM jsonb_to_recordset($1::jsonb) AS fresh(key text, used int, resets_at timestamptz) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET used = LEAST(t.used::bigint + excluded.used, 2147483647)::int
    RETURNING key, used`,
}

export function createUsageCounters(sql: Sql, clock: Clock, options: UsageCountersOptions = {}): UsageCounters {
  const { maxEntries = 50_000, settleEveryMs = 1_000, onFailure } = options
  const counters = new BoundedMap<Counter>(maxEntries)

  const send = async (entries: readonly Counter[]): Promise<void> => {
    const now = clock.now().getTime()
    const batch = new Map<string, { counter: Counter; sent: number }>()
    for (const counter of entries) {
      if (counter.endsAt <= now) continue
      batch.set(hashSecret(`${counter.key}\n${counter.endsAt}`), { counter, sent: counter.unsettled })
      counter.unsettled = 0
    }
    if (batch.size === 0) return
    const rows = [...batch].map(([key, { counter, sent }]) => ({
      key,
      used: sent,
      resets_at: new Date(counter.endsAt).toISOString(),
    }))
    try {
      const settled = await sql.query<{ key: string; used: number }>(settle, [JSON.stringify(rows)])
      for (const { key, used } of settled.rows) {
        const counter = batch.get(key)?.counter
        if (counter !== undefined) counter.used = used + counter.unsettled
      }
    } catch (error) {
      for (const { counter, sent } of batch.values()) counter.unsettled += sent
      throw error
    }
  }
  const settling = settleInBackground({ everyMs: settleEveryMs, most: maxSettled, send, onFailure })

  const current = (key: string, now: number): Counter | undefined => {
    const counter = counters.get(key)
    return counter === undefined || counter.endsAt <= now ? undefined : counter
  }

  const excessOf = (counter: Counter | undefined, limit: number, now: number): Excess | undefined =>
    counter === undefined || counter.used < limit
      ? undefined
      : { retryAfterSeconds: Math.max(1, Math.ceil((counter.endsAt - now) / 1000)) }

  return {
    take: ({ name, limit, windowSeconds }, who) => {
      if (limit === 0) return undefined
      const now = clock.now().getTime()
      const key = `${name}\n${who}`
      let counter = current(key, now)
      const excess = excessOf(counter, limit, now)
      if (excess !== undefined) return excess
      if (counter === undefined) {
        const windowMs = windowSeconds * 1000
        counter = { key, endsAt: (Math.floor(now / windowMs) + 1) * windowMs, used: 0, unsettled: 0 }
        counters.set(key, counter)
      }
      counter.used += 1
      counter.unsettled += 1
      // The bound is for when the database is away for long.
      if (counter.used * 10 >= limit && settling.waiting < maxEntries) settling.add(counter)
      return undefined
    },
    excess: ({ name, limit }, who) => {
      if (limit === 0) return undefined
      const now = clock.now().getTime()
      return excessOf(current(`${name}\n${who}`, now), limit, now)
    },
  }
}
