/**
 * Counts one use in several counters at once, exactly, in one statement: in all of them, or, when one is used up, in none of those that
 * come after it. The order is also the order of locks, so that uses never wait for each other in a circle. Owns no table.
 */
import type { Clock } from '../../base/clock.js'
import type { RowStatement, Sql } from '../../database/sql.js'
import { type Columns, moment, orNull, type Table } from '../../database/table.js'
import type { Excess } from '../../http/window-counters.js'

export interface Counter {
  /** As stored: a hash. */
  readonly key: string
  /** Uses in a window; at least 1. */
  readonly limit: number
  readonly windowSeconds: number
}

/** Uses from everywhere together. It refuses nobody: once it is used up, the counters of `take` have their `limitBeyond` for limit. */
export interface CommonCounter extends Counter {
  /** For each of the counters, in their order. */
  readonly limitsBeyond: readonly number[]
}

/** A table with the columns `key` and `resets_at`, and the one that counts. */
export interface CounterTable {
  readonly table: Table<Columns>
  readonly column: string
}

type Chain = RowStatement<{ readonly resetsAt: Date | null }>

const statements = new Map<string, Chain>()

/** `$1` is now; `$2` the counters and `$3` the common one as JSON. */
function chainOf({ table: counted, column }: CounterTable, length: number): Chain {
  const { name: table } = counted
  const name = `${table}_take_${length}`
  const known = statements.get(name)
  if (known !== undefined) return known
  const isOver = 't.resets_at <= $1::timestamptz'
  const addOne = (limit: string) => `ON CONFLICT (key) DO UPDATE SET
      ${column} = CASE WHEN ${isOver} THEN 1 ELSE t.${column} + 1 END,
      resets_at = CASE WHEN ${isOver} THEN excluded.resets_at ELSE t.resets_at END
      WHERE t.${column} < ${limit} OR ${isOver} RETURNING 1`
  const steps = Array.from({ length }, (_, index) => {
    const before = index === 0 ? 'NOT EXISTS (SELECT 1 FROM spent)' : `EXISTS (SELECT 1 FROM step${index})`
    return `step${index + 1} AS (INSERT INTO ${table} AS t (key, ${column}, resets_at)
      SELECT key, 1, ends FROM given WHERE place = ${index + 1} AND ${before}
      ${addOne(`(SELECT allowed FROM given WHERE place = ${index + 1})`)})`
  })
  const refusing = Array.from(
    { length },
    (_, index) => `WHEN NOT EXISTS (SELECT 1 FROM step${index + 1}) THEN ${index + 1}`,
  )
  const statement = counted.writeReturning(
    name,
    { resetsAt: orNull(moment) },
    `WITH crowd AS MATERIALIZED (
        SELECT * FROM jsonb_to_record($3::jsonb) AS crowd(key text, allowed int, ends timestamptz)
      ), crowded AS MATERIALIZED (
        SELECT 1 FROM ${table} AS t, crowd WHERE t.key = crowd.key AND t.${column} >= crowd.allowed AND NOT ${isOver}
      ), given AS MATERIALIZED (
        SELECT place, key, ends, CASE WHEN EXISTS (SELECT 1 FROM crowded) THEN beyond ELSE allowed END AS allowed
        FROM jsonb_to_recordset($2::jsonb) AS given(place int, key text, allowed int, beyond int, ends timestamptz)
      ), spent AS MATERIALIZED (
        SELECT t.resets_at FROM ${table} AS t, given
        WHERE t.key = given.key AND t.${column} >= given.allowed AND NOT ${isOver}
      ), ${steps.join(',\n      ')},
      common AS (INSERT INTO ${table} AS t (key, ${column}, resets_at)
        SELECT key, 1, ends FROM crowd WHERE key IS NOT NULL AND EXISTS (SELECT 1 FROM step${length})
        ${addOne('(SELECT allowed FROM crowd)')})
      SELECT CASE WHEN EXISTS (SELECT 1 FROM spent) THEN (SELECT max(resets_at) FROM spent) ELSE (
        SELECT COALESCE((SELECT resets_at FROM ${table} WHERE key = given.key), given.ends)
        FROM given WHERE place = CASE ${refusing.join(' ')} END) END AS "resetsAt"`,
    { lane: 'security' },
  )
  statements.set(name, statement)
  return statement
}

/**
 * Counts one use in all counters, and in the common one. Answers the time to wait when one of them was used up. A use that is refused
 * writes nothing, except in a race for the last use: then it may have been counted in the counters before the one that refused it.
 */
export async function takeFromAll(
  sql: Sql,
  clock: Clock,
  counterTable: CounterTable,
  counters: readonly Counter[],
  common?: CommonCounter,
): Promise<Excess | undefined> {
  const now = clock.now()
  const ends = ({ windowSeconds }: Counter) => new Date(now.getTime() + windowSeconds * 1_000).toISOString()
  const given = counters.map((counter, index) => ({
    place: index + 1,
    key: counter.key,
    allowed: counter.limit,
    beyond: common?.limitsBeyond[index] ?? counter.limit,
    ends: ends(counter),
  }))
  const crowd = common === undefined ? {} : { key: common.key, allowed: common.limit, ends: ends(common) }
  const { rows } = await sql.query(chainOf(counterTable, counters.length), [
    now,
    JSON.stringify(given),
    JSON.stringify(crowd),
  ])
  const resetsAt = rows[0]?.resetsAt ?? null
  if (resetsAt === null) return undefined
  return { retryAfterSeconds: Math.max(1, Math.ceil((resetsAt.getTime() - now.getTime()) / 1_000)) }
}
