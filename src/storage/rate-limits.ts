/**
 * Limits on how often something may be done, counted in the authorization server's database, so that all its processes share
 * them. A window starts with the first use and ends by itself; what has ended is swept. Does not decide what is limited.
 */
import type { Clock } from '../platform/clock.js'
import type { Sql, Statement } from '../platform/database.js'
import { hashSecret } from '../platform/secrets.js'

export interface RateLimit {
  /** What is counted, for example `registration from 192.0.2.1`. Stored hashed. */
  readonly key: string
  /** Uses allowed in a window; at least 1. */
  readonly limit: number
  readonly windowSeconds: number
}

export interface RateLimits {
  /**
   * Counts one use. Answers the seconds to wait when there were too many. A use that `narrow` refuses does not count in `wide`,
   * so that one sender cannot use up what is for all.
   */
  take(narrow: RateLimit, wide?: RateLimit): Promise<{ readonly retryAfterSeconds: number } | undefined>
}

/** Adds one while that is allowed, or starts anew when the window is over; returns no row when it is used up. `$1` is now. */
function addOne(limit: string): string {
  return `ON CONFLICT (key) DO UPDATE SET
    used = CASE WHEN t.resets_at <= $1::timestamptz THEN 1 ELSE t.used + 1 END,
    resets_at = CASE WHEN t.resets_at <= $1::timestamptz THEN excluded.resets_at ELSE t.resets_at END
    WHERE t.used < ${limit}::int OR t.resets_at <= $1::timestamptz
    RETURNING 1`
}

// Always narrow before wide: all uses lock in that order, so none waits for another in a circle.
const take: Statement = {
  name: 'rate_limit_take',
  lane: 'security',
  text: `WITH narrow AS (INSERT INTO rate_limits AS t (key, used, resets_at)
    VALUES ($2::text, 1, $4::timestamptz) ${addOne('$3')}),
  wide AS (INSERT INTO rate_limits AS t (key, used, resets_at)
    SELECT $5::text, 1, $7::timestamptz FROM narrow WHERE $5::text IS NOT NULL ${addOne('$6')})
  SELECT CASE
    WHEN NOT EXISTS (SELECT 1 FROM narrow) THEN COALESCE((SELECT resets_at FROM rate_limits WHERE key = $2), $4::timestamptz)
    WHEN $5::text IS NOT NULL AND NOT EXISTS (SELECT 1 FROM wide)
      THEN COALESCE((SELECT resets_at FROM rate_limits WHERE key = $5), $7::timestamptz)
  END AS "resetsAt"`,
}

export function createRateLimits(sql: Sql, clock: Clock): RateLimits {
  return {
    take: async (narrow, wide) => {
      const now = clock.now()
      const valuesOf = (one: RateLimit) => [
        hashSecret(one.key),
        one.limit,
        new Date(now.getTime() + one.windowSeconds * 1000),
      ]
      const values = [now, ...valuesOf(narrow), ...(wide === undefined ? [null, null, null] : valuesOf(wide))]
      const resetsAt = (await sql.query<{ resetsAt: Date | null }>(take, values)).rows[0]?.resetsAt ?? null
      if (resetsAt === null) return undefined
      return { retryAfterSeconds: Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1000)) }
    },
  }
}
