/**
 * Fixed-window rate-limit counters in memory: by key, or by the networks of an address, with a total that still leaves every
 * network a share. Knows neither what is counted nor other processes (storage/counters/usage-counters.ts shares the counts).
 */
import { BoundedMap } from '../base/bounded-map.js'
import type { Clock } from '../base/clock.js'
import type { NetworkShare } from './client-network.js'

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

export interface Excess {
  readonly retryAfterSeconds: number
}

export interface Counter {
  readonly key: string
  /** When its window ends, in milliseconds. Windows lie alike in all processes, so that each is counted in a row of its own. */
  readonly endsAt: number
  /** Uses known of, everywhere. */
  used: number
  /** Of these, the ones that only this process knows of. */
  unflushed: number
}

/** Uses that count until it is known whether they were any. */
export interface Reservation {
  /** They were too many, and nothing was counted. */
  readonly excess: Excess | undefined
  /** They came to nothing. Call it once. */
  giveBack(): void
}

export interface WindowCounters {
  /** Counts a use by `who`, or several at once, unless they are more than is left: then the seconds to wait, and nothing was counted. */
  take(limit: CountedLimit, who: Who, uses?: number): Excess | undefined
  /** As `take`, for uses that may be given back: to the windows they were taken from, and to no later one. */
  reserve(limit: CountedLimit, who: Who, uses?: number): Reservation
  /** The seconds to wait when they are used up, or would be after `underWay` more. Counts nothing. */
  excess(limit: CountedLimit, who: Who, underWay?: number): Excess | undefined
}

export interface WindowCountersOptions {
  readonly clock: Clock
  /** Entries kept in memory, about 200 bytes each; the least recently used is dropped first. */
  readonly maxEntries: number
  /** Called when a counter changes, with the number of uses it allows. */
  readonly onUse?: (counter: Counter, allowed: number) => void
}

/** What one address has once a total is used up: a twentieth of its own limit, at least one use. */
export function shareBeyondTotal(perAddress: number): number {
  return Math.max(1, Math.floor(perAddress / 20))
}

const nothingToGiveBack = () => undefined

const networksOf = (who: Who): readonly NetworkShare[] => (typeof who === 'string' ? [{ network: who, times: 1 }] : who)

/** No network is named so. */
const totalKey = (name: string) => `${name}\n`

/** Windows lie alike in all processes. */
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

  /** Whether `uses` more are too many for one of the networks of `who`. */
  const excessOf = (limit: CountedLimit, networks: readonly NetworkShare[], uses: number): Excess | undefined => {
    const now = clock.now().getTime()
    const { name, total = Number.POSITIVE_INFINITY, limitBeyond = limit.limit } = limit
    const isCrowded = total !== Number.POSITIVE_INFINITY && (current(totalKey(name), now)?.used ?? 0) >= total
    const allowed = isCrowded ? limitBeyond : limit.limit
    let endsAt = 0
    for (const { network, times } of networks) {
      const counter = current(`${name}\n${network}`, now)
      // A share of a small limit is one use at least.
      if ((counter?.used ?? 0) + uses > Math.max(1, allowed * times))
        endsAt = Math.max(endsAt, counter?.endsAt ?? windowEnd(limit, now))
    }
    return endsAt === 0 ? undefined : { retryAfterSeconds: Math.max(1, Math.ceil((endsAt - now) / 1000)) }
  }

  /** Answers how to take them back. */
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
    // The counter of a window that has ended is no longer looked at, and not flushed.
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
