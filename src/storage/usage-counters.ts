/**
 * Counts how often something was used, for limits that need not be exact: in memory at once, and with the other processes in the
 * background. No request waits for the database here. What was counted is settled once a second in one statement, and only what has
 * passed a tenth of its limit; so each process may let through a tenth more than the limit, and what reaches it within a second. Limits
 * that guard secrets are exact: rate-limits.ts. While the database is away every process counts for itself.
 */
import { settleInBackground } from '../platform/background-settling.js'
import { BoundedMap } from '../platform/bounded-map.js'
import type { NetworkShare } from '../platform/client-network.js'
import type { Clock } from '../platform/clock.js'
import type { Sql, Statement } from '../platform/database.js'
import { hashSecret } from '../platform/secrets.js'
import type { Excess } from './counter-chain.js'

export interface CountedLimit {
  /** Unique among all limits. */
  readonly name: string
  /** Uses in a window; 0: no limit. */
  readonly limit: number
  readonly windowSeconds: number
  /** Uses from everywhere together. Once they are used up, `limitBeyond` takes the place of `limit`: a total locks nobody out. */
  readonly total?: number | undefined
  readonly limitBeyond?: number | undefined
}

/** A name, or the networks of an address: a use counts in each, a wider one has several times the limit. */
export type Who = string | readonly NetworkShare[]

export interface UsageCounters {
  /** Counts a use by `who`, or several at once, unless they are more than is left: then the seconds to wait, and nothing was counted. */
  take(limit: CountedLimit, who: Who, uses?: number): Excess | undefined
  /** The seconds to wait when they are used up, or would be after `underWay` more. Counts nothing. */
  excess(limit: CountedLimit, who: Who, underWay?: number): Excess | undefined
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

const networksOf = (who: Who): readonly NetworkShare[] => (typeof who === 'string' ? [{ network: who, times: 1 }] : who)

/** No network is named so. */
const totalKey = (name: string) => `${name}\n`

/** Windows lie alike in all processes. */
function windowEnd({ windowSeconds }: CountedLimit, now: number): number {
  const windowMs = windowSeconds * 1000
  return (Math.floor(now / windowMs) + 1) * windowMs
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

  /** Whether `uses` more are too many for one of the networks of `who`. */
  const excessOf = (limit: CountedLimit, networks: readonly NetworkShare[], uses: number): Excess | undefined => {
    const now = clock.now().getTime()
    const { name, total = Number.POSITIVE_INFINITY, limitBeyond = limit.limit } = limit
    const isCrowded = total !== Number.POSITIVE_INFINITY && (current(totalKey(name), now)?.used ?? 0) >= total
    const allowed = isCrowded ? limitBeyond : limit.limit
    let endsAt = 0
    for (const { network, times } of networks) {
      const counter = current(`${name}\n${network}`, now)
      if ((counter?.used ?? 0) + uses > allowed * times)
        endsAt = Math.max(endsAt, counter?.endsAt ?? windowEnd(limit, now))
    }
    return endsAt === 0 ? undefined : { retryAfterSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) }
  }

  const add = (key: string, limit: CountedLimit, allowed: number, uses: number): void => {
    const now = clock.now().getTime()
    let counter = current(key, now)
    if (counter === undefined) {
      counter = { key, endsAt: windowEnd(limit, now), used: 0, unsettled: 0 }
      counters.set(key, counter)
    }
    counter.used += uses
    counter.unsettled += uses
    // The bound is for when the database is away for long.
    if (counter.used * 10 >= allowed && settling.waiting < maxEntries) settling.add(counter)
  }

  return {
    take: (limit, who, uses = 1) => {
      if (limit.limit === 0) return undefined
      const networks = networksOf(who)
      const excess = excessOf(limit, networks, uses)
      if (excess !== undefined) return excess
      for (const { network, times } of networks) add(`${limit.name}\n${network}`, limit, limit.limit * times, uses)
      if (limit.total !== undefined) add(totalKey(limit.name), limit, limit.total, uses)
      return undefined
    },
    excess: (limit, who, underWay = 0) =>
      limit.limit === 0 ? undefined : excessOf(limit, networksOf(who), underWay + 1),
  }
}
