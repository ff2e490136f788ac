/**
 * Limits on how often something may be done, counted in the authorization server's database, so that all its processes share
 * them. A window starts with the first use and ends by itself; what has ended is swept. Does not decide what is limited.
 */

import type { Clock } from '../../base/clock.js'
import { hashSecret } from '../../base/secrets.js'
import type { Sql } from '../../database/sql.js'
import { clientNetworks, type NetworkShare } from '../../http/client-network.js'
import { type Excess, shareBeyondTotal } from '../../http/window-counters.js'
import { rateLimits } from '../tables.js'
import { type CounterTable, takeFromAll } from './counter-chain.js'

export interface RateLimit {
  /** What is counted, for example `registrations`. Stored hashed. */
  readonly what: string
  readonly windowSeconds: number
  /** Uses by one address; wider IPv6 networks have 4 and 16 times as many. `undefined`: addresses say nothing, only `total` counts. */
  readonly perAddress: number | undefined
  /** Uses from everywhere together. Once they are used up, one address has `perAddressBeyond`: a total must not lock anybody out. */
  readonly total?: number | undefined
  /** Default: a twentieth of `perAddress`. */
  readonly perAddressBeyond?: number | undefined
}

export interface RateLimits {
  /** Counts one use by an address, or by the networks of one. Answers the seconds to wait when there were too many; then nothing was counted. */
  take(limit: RateLimit, from: string | readonly NetworkShare[]): Promise<Excess | undefined>
}

const table: CounterTable = { table: rateLimits, column: 'used' }

/** What one address has once a total is used up. */
export function shareBeyond({
  perAddress = 0,
  perAddressBeyond,
}: Pick<RateLimit, 'perAddress' | 'perAddressBeyond'>): number {
  return perAddressBeyond ?? shareBeyondTotal(perAddress)
}

export function createRateLimits(sql: Sql, clock: Clock): RateLimits {
  return {
    take: async (limit, from) => {
      const { what, windowSeconds, perAddress, total } = limit
      const common = total === undefined ? undefined : { key: hashSecret(what), limit: total, windowSeconds }
      if (perAddress === undefined) return common && takeFromAll(sql, clock, table, [common])
      const networks = typeof from === 'string' ? clientNetworks(from) : from
      const atLeastOne = (uses: number) => Math.max(1, Math.floor(uses))
      const counters = networks.map(({ network, times }) => ({
        key: hashSecret(`${what} from ${network}`),
        limit: atLeastOne(perAddress * times),
        windowSeconds,
      }))
      const limitsBeyond = networks.map(({ times }) => atLeastOne(shareBeyond(limit) * times))
      return takeFromAll(sql, clock, table, counters, common && { ...common, limitsBeyond })
    },
  }
}
