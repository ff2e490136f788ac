/** Replicas agree on the time if each agrees with the database that they share. */
import type { Clock } from '../base/clock.js'
import { outageError } from './outage.js'

/** A column `now`: the database's time in milliseconds since 1970, of type DatabaseTime. */
export const databaseTime = '(extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now'

export interface DatabaseTime {
  readonly now: number
}

/** More than resource servers tolerate: they would refuse the tokens of a server with such a clock. */
const wrongClockSeconds = 10

/**
 * Reads the database's time. Throws an outage if it differs from `clock`. Before that, it reports how far `clock` is ahead, in seconds,
 * negative if behind.
 */
export async function demandSameClock(
  ask: () => Promise<DatabaseTime>,
  clock: Clock,
  tell: ((aheadSeconds: number) => void) | undefined,
): Promise<void> {
  const asked = clock.now().getTime()
  const { now } = await ask()
  const answered = clock.now().getTime()
  // The database read its clock at some moment between the two.
  const aheadSeconds = Math.round((asked > now ? asked - now : Math.min(0, answered - now)) / 1_000)
  if (Math.abs(aheadSeconds) <= wrongClockSeconds) return
  tell?.(aheadSeconds)
  throw outageError(new Error("the clock of this machine is not the database's"))
}
