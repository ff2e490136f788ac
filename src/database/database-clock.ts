/** Replicas agree on the time when each agrees with the database they share. */
import type { Clock } from '../base/clock.js'
import { outageError } from './outage.js'

/** A column `now`: the database's time in milliseconds since 1970, of type DatabaseTime. */
export const databaseTime = '(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now'

export interface DatabaseTime {
  readonly now: number
}

/** More than resource servers forgive: what a server with such a clock issues is refused by those with the right one. */
const wrongClockSeconds = 10

/**
 * Asks for the database's time. Throws an outage while it differs from `clock`; before, tells how far `clock` is ahead, in seconds,
 * negative when it is behind.
 */
export async function demandSameClock(
  ask: () => Promise<DatabaseTime>,
  clock: Clock,
  tell: ((aheadSeconds: number) => void) | undefined,
): Promise<void> {
  const asked = clock.now().getTime()
  const { now } = await ask()
  const answered = clock.now().getTime()
  // The database looked at its clock somewhere between the two.
  const aheadSeconds = Math.round((asked > now ? asked - now : Math.min(0, answered - now)) / 1_000)
  if (Math.abs(aheadSeconds) <= wrongClockSeconds) return
  tell?.(aheadSeconds)
  throw outageError(new Error("the clock of this machine is not the database's"))
}
