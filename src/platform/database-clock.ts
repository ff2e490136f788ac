/** Replicas agree on the time when each agrees with the database they share. */
import type { Clock } from './clock.js'
import type { Sql, Statement } from './database.js'
import { outageError } from './outage.js'

const askForTime: Statement = {
  name: 'time',
  text: 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
}

/** More than resource servers forgive: what a server with such a clock issues is refused by those with the right one. */
const wrongClockSeconds = 10

/** Throws an outage while the two differ; before, tells how far `clock` is ahead, in seconds, negative when it is behind. */
export async function demandSameClock(
  sql: Sql,
  clock: Clock,
  tell: ((aheadSeconds: number) => void) | undefined,
): Promise<void> {
  const asked = clock.now().getTime()
  const { rows } = await sql.query<{ now: number }>(askForTime, [])
  const answered = clock.now().getTime()
  const { now = asked } = rows[0] ?? {}
  // The database looked at its clock somewhere between the two.
  const aheadSeconds = Math.round((asked > now ? asked - now : Math.min(0, answered - now)) / 1_000)
  if (Math.abs(aheadSeconds) <= wrongClockSeconds) return
  tell?.(aheadSeconds)
  throw outageError(new Error("the clock of this machine is not the database's"))
}
