/**
 * Deletes rows after their expiry, in batches small enough never to delay requests, and measures how late it is. Each server
 * declares its own tables and schedule.
 */
import type { Sql, Statement } from './sql.js'

export interface Expiring {
  readonly table: string
  /** The columns of its primary key, separated by commas. */
  readonly key: string
  /** The column that says when a row ends. */
  readonly expiry: string
}

/** A table, and for how many seconds its oldest row has been due to be deleted. */
export interface OverdueRows {
  readonly table: string
  readonly seconds: number
}

/** Rows that one statement deletes at most. */
export const batchSize = 500

/** Deletes a batch of what ended before `$1`. Rows that somebody else has locked are left for the next time. */
export function sweepOf({ table, key, expiry }: Expiring): Statement {
  return {
    name: `sweep_${table}`,
    lane: 'write',
    text: `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${expiry} < $1::timestamptz ORDER BY ${expiry} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  }
}

/** One batch after the other, until nothing that ended before `limit` is left; returns how many rows went. */
export async function sweepBatches(sql: Sql, statement: Statement, limit: Date): Promise<number> {
  let swept = 0
  for (let deleted = batchSize; deleted === batchSize; swept += deleted) {
    deleted = (await sql.query(statement, [limit.toISOString()])).rowCount
  }
  return swept
}

/** Reads the end of the oldest row of each table that has one. */
export function oldestOf(name: string, tables: readonly Pick<Expiring, 'table' | 'expiry'>[]): Statement {
  const each = tables.map(({ table, expiry }) => `SELECT '${table}' AS name, min(${expiry}) AS at FROM ${table}`)
  return {
    name,
    lane: 'read',
    text: `SELECT name, at FROM (${each.join(' UNION ALL ')}) oldest WHERE at IS NOT NULL`,
  }
}

/** Only tables that have such rows. `keptSeconds`: for how long a table's rows stay after their end; `undefined`: for ever. */
export async function overdueRowsOf(
  sql: Sql,
  oldest: Statement,
  now: Date,
  keptSeconds: (table: string) => number | undefined,
): Promise<readonly OverdueRows[]> {
  const { rows } = await sql.query<{ name: string; at: Date }>(oldest, [])
  return rows.flatMap(({ name, at }) => {
    const kept = keptSeconds(name)
    const seconds = kept === undefined ? 0 : (now.getTime() - at.getTime()) / 1_000 - kept
    return seconds > 0 ? [{ table: name, seconds }] : []
  })
}
