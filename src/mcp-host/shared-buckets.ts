/**
 * Token buckets that all replicas share through the MCP server's database. A bucket is a point in time: when it will be full again (GCRA,
 * ITU-T I.371). Each process keeps it in memory and decides immediately; once a second it flushes the uses in one statement. So all
 * replicas together observe one limit, except for requests within that second, whose excess is subtracted from later requests. During an
 * outage every process counts by itself.
 */

import { BoundedMap } from '../base/bounded-map.js'
import { hashSecret } from '../base/secrets.js'
import { flushInBackground } from '../database/background-flush.js'
import type { Sql } from '../database/sql.js'
import type { RateLimitStore } from '../resource-server/rate-limit.js'
import { callBuckets } from './tables.js'

export interface SharedBucketsOptions {
  /** Maximum buckets in memory, about 200 bytes each. The least recently used is dropped first, and then counts as full. */
  readonly maxBuckets?: number
  readonly flushEveryMs?: number
  /** Called when flushing fails: once per series of failures. */
  readonly onFailure?: (error: unknown) => void
}

/** Times in milliseconds. */
interface Bucket {
  readonly key: string
  fullAt: number
  /** Unflushed uses of this process, as the time it takes to refill them. */
  unflushed: number
  /** When the first unflushed use was taken. */
  since: number
  /** When it was last used. */
  at: number
  /** Time to refill an empty bucket. */
  fillMs: number
}

/** Maximum buckets in one statement. */
const flushBatchSize = 500

// In the order of keys, so that processes that flush at the same time lock rows in the same order. The stored value is never earlier than
// what this process knows.
const flushCounts = callBuckets.writeReturning(
  'call_buckets_settle',
  callBuckets.pick('key', 'full_at'),
  `WITH fresh AS MATERIALIZED (
      SELECT * FROM jsonb_to_recordset($1::jsonb) AS fresh(key text, full_at timestamptz, since timestamptz, taken_ms float8)
    )
    INSERT INTO call_buckets AS t (key, full_at) SELECT key, full_at FROM fresh ORDER BY key
    ON CONFLICT (key) DO UPDATE SET full_at = GREATEST(excluded.full_at, (
      SELECT GREATEST(t.full_at, since) + taken_ms * interval '1 millisecond' FROM fresh WHERE fresh.key = excluded.key))
    RETURNING key, full_at`,
  { lane: 'security' },
)

/** Maximum debt in bursts: the excess of that many replicas, or the effect of a clock that is set back. */
const mostBurstsOwed = 16

const iso = (milliseconds: number) => new Date(milliseconds).toISOString()

export function createSharedBuckets(sql: Sql, options: SharedBucketsOptions = {}): RateLimitStore {
  const { maxBuckets = 10_000, flushEveryMs = 1_000, onFailure } = options
  const buckets = new BoundedMap<Bucket>(maxBuckets)

  const send = async (batch: readonly Bucket[]): Promise<void> => {
    const sent = new Map(batch.map((bucket) => [hashSecret(bucket.key), { bucket, taken: bucket.unflushed }]))
    const rows = [...sent].map(([key, { bucket, taken }]) => ({
      key,
      full_at: iso(bucket.fullAt),
      since: iso(bucket.since),
      taken_ms: taken,
    }))
    for (const bucket of batch) bucket.unflushed = 0
    try {
      const flushed = await sql.query(flushCounts, [JSON.stringify(rows)])
      for (const { key, full_at: fullAt } of flushed.rows) {
        const bucket = sent.get(key)?.bucket
        if (bucket === undefined) continue
        const mostOwed = bucket.at + bucket.fillMs * mostBurstsOwed
        bucket.fullAt = Math.max(bucket.fullAt, Math.min(fullAt.getTime() + bucket.unflushed, mostOwed))
      }
    } catch (error) {
      for (const { bucket, taken } of sent.values()) bucket.unflushed += taken
      throw error
    }
  }
  const flush = flushInBackground({ everyMs: flushEveryMs, most: flushBatchSize, send, onFailure })

  return {
    take: (key, cost, { perSecond, burst }, time) => {
      const at = time.getTime()
      const msOf = (uses: number) => (uses * 1_000) / perSecond
      const fillMs = msOf(burst)
      const bucket = buckets.get(key) ?? { key, fullAt: at, unflushed: 0, since: at, at, fillMs }
      // A clock that is set back must not empty a bucket.
      const setBackMs = Math.max(0, bucket.at - at)
      Object.assign(bucket, { fullAt: Math.max(bucket.fullAt - setBackMs, at), at, fillMs })
      buckets.set(key, bucket)
      const waitMs = bucket.fullAt + msOf(cost) - fillMs - at
      // The database stores whole milliseconds.
      if (waitMs > 1) return waitMs / 1_000
      if (bucket.unflushed === 0) bucket.since = at
      bucket.fullAt += msOf(cost)
      bucket.unflushed += msOf(cost)
      // Bounds the pending buckets during a long outage.
      if (flush.waiting < maxBuckets) flush.add(bucket)
      return 0
    },
  }
}
