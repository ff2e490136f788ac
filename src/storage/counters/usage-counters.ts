/**
 * Approximate rate-limit counters: counted in memory at once and shared with other processes in the background, so no request
 * waits for the database. Once a second one statement flushes the counters that have passed a tenth of their limit. So each
 * process may let through a tenth more than the limit, and what reaches it within that second. Limits that guard secrets are
 * exact: rate-limits.ts. During an outage every process counts alone.
 */

import type { Clock } from '../../base/clock.js'
import { hashSecret } from '../../base/secrets.js'
import { flushInBackground } from '../../database/background-flush.js'
import type { Sql } from '../../database/sql.js'
import { type Counter, createWindowCounters, type WindowCounters } from '../../http/window-counters.js'
import { rateLimits } from '../tables.js'

export interface UsageCountersOptions {
  /** Maximum entries in memory, about 200 bytes each. The least recently used is dropped first. */
  readonly maxEntries?: number
  readonly flushEveryMs?: number
  /** Called when flushing fails: once, and again after it worked. */
  readonly onFailure?: (error: unknown) => void
}

/** Maximum counters of one statement; further ones wait for the next. */
const flushBatchSize = 500

// In the order of keys: processes that flush at the same time lock rows in the same order.
const flushCounts = rateLimits.writeReturning(
  'usage_settle',
  rateLimits.pick('key', 'used'),
  `INSERT INTO rate_limits AS t (key, used, resets_at)
    SELECT key, used, resets_at FROM jsonb_to_recordset($1::jsonb) AS fresh(key text, used int, resets_at timestamptz) ORDER BY key
    ON CONFLICT (key) DO UPDATE SET used = LEAST(t.used::bigint + excluded.used, 2147483647)::int
    RETURNING key, used`,
  { lane: 'security' },
)

export function createUsageCounters(sql: Sql, clock: Clock, options: UsageCountersOptions = {}): WindowCounters {
  const { maxEntries = 50_000, flushEveryMs = 1_000, onFailure } = options

  const send = async (entries: readonly Counter[]): Promise<void> => {
    const now = clock.now().getTime()
    const batch = new Map<string, { counter: Counter; sent: number }>()
    for (const counter of entries) {
      if (counter.endsAt <= now) continue
      batch.set(hashSecret(`${counter.key}\n${counter.endsAt}`), { counter, sent: counter.unflushed })
      counter.unflushed = 0
    }
    if (batch.size === 0) return
    const rows = [...batch].map(([key, { counter, sent }]) => ({
      key,
      used: sent,
      resets_at: new Date(counter.endsAt).toISOString(),
    }))
    try {
      const flushed = await sql.query<{ key: string; used: number }>(flushCounts, [JSON.stringify(rows)])
      for (const { key, used } of flushed.rows) {
        const counter = batch.get(key)?.counter
        if (counter !== undefined) counter.used = used + counter.unflushed
      }
    } catch (error) {
      for (const { counter, sent } of batch.values()) counter.unflushed += sent
      throw error
    }
  }
  const flush = flushInBackground({ everyMs: flushEveryMs, most: flushBatchSize, send, onFailure })

  return createWindowCounters({
    clock,
    maxEntries,
    onUse: (counter, allowed) => {
      // What was given back after it was flushed is unknown to the other processes.
      const isWorthIt = counter.used * 10 >= allowed || counter.unflushed < 0
      // Bounds the pending entries during a long outage.
      if (isWorthIt && flush.waiting < maxEntries) flush.add(counter)
    },
  })
}
