/**
 * When using a refresh token again is an honest retry: within the grace, which begins when the token was replaced, and once more
 * when the answer provably never left. That is so when the commit was sent, its own answer was lost, and the client was told to come
 * again (503): it may have been carried out all the same, and a database that stays silent for longer than the grace would make a
 * thief of the client. As soon as the database answers again, the grace of such a token begins anew, with an audit event; until then
 * this process knows by itself. A process that ends before forgets it, and then the family ends as after any second use.
 *
 * What somebody who stole the old token has of it: nothing that they did not have. Had the commit failed, which the client must
 * reckon with when it reads 503, the old token would be as good as before and without any end; here it is good for one more grace,
 * and what it is answered with is the one successor that the family has, never a second family. Theft shows as it would
 * otherwise, at most one grace later: the first use of the old token after that ends the family, and so does a use of the successor
 * after it was replaced. Nobody can bring it about by asking: what is answered from the grace is not noted, nor is what a client
 * hung up on, only what the database left open; each commit is noted once, and knows itself by the successor that it sealed.
 */
import { OAuthError } from '../oauth/errors.js'
import { settleInBackground } from '../platform/background-settling.js'
import { BoundedMap } from '../platform/bounded-map.js'
import type { Clock } from '../platform/clock.js'
import type { Sql } from '../platform/database.js'
import { type Write, type WriteText, writeTogether } from '../platform/joined-writes.js'
import type { Storage } from './storage.js'

/** A refresh whose commit was sent and not answered, and that was answered with an error itself. */
export interface UndeliveredRefresh {
  /** Of the token that it replaced, if it was carried out. */
  readonly idHash: string
  /** What that token was replaced by, sealed: no other commit has the same. */
  readonly successor: string
}

export interface UndeliveredRefreshes {
  /** `event` is written when the grace begins anew. */
  note(refresh: UndeliveredRefresh, event: Write): void
  /** Whether this successor was noted, and its grace did not begin anew yet. */
  includes(successor: string): boolean
}

interface Entry extends UndeliveredRefresh {
  readonly event: Write
}

const mostEntries = 10_000
const everyMs = 250
/** Of one run, one after the other. */
const mostInRun = 1_000

const beginAnew: WriteText = {
  name: 'refresh_undelivered',
  steps: {
    condition: `UPDATE artifacts SET consumed_at = GREATEST($3::timestamptz, clock_timestamp())
      WHERE model = 'RefreshToken' AND id_hash = $1 AND successor = $2 RETURNING 1`,
  },
}

export function createUndeliveredRefreshes(sql: Sql, clock: Clock): UndeliveredRefreshes {
  const entries = new BoundedMap<Entry>(mostEntries)
  const settling = settleInBackground<Entry>({
    everyMs,
    most: mostInRun,
    send: async (batch) => {
      for (const { idHash, successor, event } of batch) {
        // What was settled in an earlier run of the same batch, or was crowded out.
        if (entries.get(successor) === undefined) continue
        const values = [idHash, successor, clock.now().toISOString()]
        await writeTogether(sql, [event], { text: beginAnew, values }).catch((error: unknown) => {
          // Only what passes is tried again.
          if (!(error instanceof OAuthError)) entries.delete(successor)
          throw error
        })
        // Also when it was not carried out: if it still should be, its grace begins then.
        entries.delete(successor)
      }
    },
  })
  return {
    note: (refresh, event) => {
      const entry = { ...refresh, event }
      entries.set(entry.successor, entry)
      settling.add(entry)
    },
    includes: (successor) => entries.get(successor) !== undefined,
  }
}

/** What tells whether a second use of a token is an honest retry. */
export interface ReplacedToken {
  /** Sealed; null when it was not replaced. */
  readonly successor: string | null
  readonly consumed_at: Date | string | null
}

/** The sealed successor to answer a second use with; `undefined` when it is no honest retry. */
export function successorForRetry(storage: Storage, { successor, consumed_at: consumedAt }: ReplacedToken) {
  const { clock, refreshGraceSeconds, undelivered } = storage
  if (successor === null || consumedAt === null || refreshGraceSeconds === 0) return undefined
  const isWithinGrace = clock.now().getTime() - new Date(consumedAt).getTime() < refreshGraceSeconds * 1000
  return isWithinGrace || undelivered.includes(successor) ? successor : undefined
}
