/**
 * Deletes rows after their expiry, in batches small enough never to delay requests, and measures the delay. Each server declares its own
 * tables and schedule.
 */
import type { Sql, Statement } from './sql.js'

export interface Expiring {
  readonly table: string
  /** The columns of its primary key, separated by commas. */
  readonly key: string
  /** The column with the expiry of a row. */
  readonly expiry: string
}

/** A table, and how many seconds its oldest row is overdue for deletion. */
export interface OverdueRows {
  readonly table: string
  readonly seconds: number
}

/** Maximum rows that one statement deletes. */
export const batchSize = 500

/** Deletes a batch of rows that expired before `$1`. Rows locked by others are left for the next run. */
export function sweepOf({ table, key, expiry }: Expiring): Statement {
  return {
    name: `sweep_${table}`,
    lane: 'write',
    text: `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${expiry} < $1::timestamptz ORDER BY ${expiry} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  }
}

/** Deletes in batches until no row that expired before `limit` is left; returns the number of deleted rows. */
export async function sweepBatches(sql: Sql, statement: Statement, limit: Date): Promise<number> {
  let swept = 0
  for (let deleted = batchSize; deleted === batchSize; swept += deleted) {
    deleted = (await sql.query(statement, [limit.toISOString()])).rowCount
  }
  return swept
}

/** Reads the expiry of the oldest row of each table that has rows. */
export function oldestOf(name: string, tables: readonly Pick<Expiring, 'table' | 'expiry'>[]): Statement {
  const each = tables.map(({ table, expiry }) => `SELECT '${table}' AS name, min(${expiry}) AS at FROM ${table}`)
  return {
    name,
    lane: 'read',
    text: `SELECT name, at FROM (${each.join(' UNION ALL ')}) oldest WHERE at IS NOT NULL`,
  }
}

/** Returns only tables with such rows. `keptSeconds`: how long a table's rows are kept after their expiry; `undefined`: forever. */
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
