/**
 * Fixed-window rate-limit counters in memory: by key, or by the networks of an address, with a total that leaves every network a share.
 * Independent of what is counted and of other processes (storage/counters/usage-counters.ts shares the counts).
 */
import { BoundedMap } from '../base/bounded-map.js'
import type { Clock } from '../base/clock.js'
import type { NetworkShare } from './client-network.js'

export interface CountedLimit {
  /** Unique among all limits. */
  readonly name: string
  /** Maximum uses in a window; 0: no limit. */
  readonly limit: number
  readonly windowSeconds: number
  /** Maximum uses by everyone together. Beyond it, a smaller limit replaces `limit`, so that a total locks nobody out. */
  readonly total?: number | undefined
  readonly limitBeyond?: number | undefined
}

/** A name, or the networks of an address: a use counts in each, and wider networks have a multiple of the limit. */
export type Who = string | readonly NetworkShare[]

export interface Excess {
  readonly retryAfterSeconds: number
}

export interface Counter {
  readonly key: string
  /** End of its window, in milliseconds. Windows are aligned in all processes, so each window is one row. */
  readonly endsAt: number
  /** Known uses of all processes. */
  used: number
  /** Of these, the ones that only this process knows. */
  unflushed: number
}

/** Uses that count until their outcome is known. */
export interface Reservation {
  /** Set if the limit is exceeded; then nothing was counted. */
  readonly excess: Excess | undefined
  /** Refunds the uses. Call it at most once. */
  giveBack(): void
}

export interface WindowCounters {
  /** Counts one or several uses by `who`. If they exceed the limit, counts nothing and returns the seconds to wait. */
  take(limit: CountedLimit, who: Who, uses?: number): Excess | undefined
  /** As `take`, for uses that may be refunded: to the windows that counted them, never to a later one. */
  reserve(limit: CountedLimit, who: Who, uses?: number): Reservation
  /** The seconds to wait if the limit is used up, or would be after `underWay` more. Counts nothing. */
  excess(limit: CountedLimit, who: Who, underWay?: number): Excess | undefined
}

export interface WindowCountersOptions {
  readonly clock: Clock
  /** Maximum entries in memory, about 200 bytes each; the least recently used is dropped first. */
  readonly maxEntries: number
  /** Called when a counter changes, with the number of uses it allows. */
  readonly onUse?: (counter: Counter, allowed: number) => void
}

/** The limit of one address beyond a total: a twentieth of its own limit, at least one use. */
export function shareBeyondTotal(perAddress: number): number {
  return Math.max(1, Math.floor(perAddress / 20))
}

const nothingToGiveBack = () => undefined

const networksOf = (who: Who): readonly NetworkShare[] => (typeof who === 'string' ? [{ network: who, times: 1 }] : who)

/** A name that no network has. */
const totalKey = (name: string) => `${name}\n`

/** Windows are aligned in all processes. */
function windowEnd({ windowSeconds }: CountedLimit, now: number): number {
  const windowMs = windowSeconds * 1000
  return (Math.floor(now / windowMs) + 1) * windowMs
}

export function createWindowCounters({ clock, maxEntries, onUse }: WindowCountersOptions): WindowCounters {
  const counters = new BoundedMap<Counter>(maxEntries)

  const current = (key: string, now: number): Counter | undefined => {
    const counter = counters.get(key)
    return counter === undefined || counter.endsAt <= now ? undefined : counter
  }

  /** Whether `uses` more would exceed the limit of one of the networks of `who`. */
  const excessOf = (limit: CountedLimit, networks: readonly NetworkShare[], uses: number): Excess | undefined => {
    const now = clock.now().getTime()
    const { name, total = Number.POSITIVE_INFINITY, limitBeyond = limit.limit } = limit
    const isCrowded = total !== Number.POSITIVE_INFINITY && (current(totalKey(name), now)?.used ?? 0) >= total
    const allowed = isCrowded ? limitBeyond : limit.limit
    let endsAt = 0
    for (const { network, times } of networks) {
      const counter = current(`${name}\n${network}`, now)
      // A share of a small limit is at least one use.
      if ((counter?.used ?? 0) + uses > Math.max(1, allowed * times))
        endsAt = Math.max(endsAt, counter?.endsAt ?? windowEnd(limit, now))
    }
    return endsAt === 0 ? undefined : { retryAfterSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) }
  }

  /** Returns a function that takes them back. */
  const add = (key: string, limit: CountedLimit, allowed: number, uses: number): (() => void) => {
    const now = clock.now().getTime()
    let counter = current(key, now)
    if (counter === undefined) {
      counter = { key, endsAt: windowEnd(limit, now), used: 0, unflushed: 0 }
      counters.set(key, counter)
    }
    const counted = counter
    const change = (by: number) => {
      counted.used += by
      counted.unflushed += by
      onUse?.(counted, allowed)
    }
    change(uses)
    // The counter of an ended window is neither read nor flushed.
    return () => change(-uses)
  }

  const reserve: WindowCounters['reserve'] = (limit, who, uses = 1) => {
    if (limit.limit === 0) return { excess: undefined, giveBack: nothingToGiveBack }
    const networks = networksOf(who)
    const excess = excessOf(limit, networks, uses)
    if (excess !== undefined) return { excess, giveBack: nothingToGiveBack }
    const taken = networks.map(({ network, times }) =>
      add(`${limit.name}\n${network}`, limit, limit.limit * times, uses),
    )
    if (limit.total !== undefined) taken.push(add(totalKey(limit.name), limit, limit.total, uses))
    return {
      excess: undefined,
      giveBack: () => {
        for (const takeBack of taken) takeBack()
      },
    }
  }

  return {
    reserve,
    take: (limit, who, uses) => reserve(limit, who, uses).excess,
    excess: (limit, who, underWay = 0) =>
      limit.limit === 0 ? undefined : excessOf(limit, networksOf(who), underWay + 1),
  }
}
