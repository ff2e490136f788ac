/**
 * What an MCP server without the issuer's database served last: the resources of its copy of the declaration file, so that a start with a
 * wrong file goes on with them. Does not know what a row means.
 */
import type { Clock } from '../base/clock.js'
import type { Sql } from '../database/sql.js'
import { servedDeclarations } from './tables.js'

export interface ServedDeclarations {
  /** JSON text; `undefined`: no file was ever read without a mistake. */
  read(): Promise<string | undefined>
  write(rows: string): Promise<void>
}

const find = servedDeclarations.read(
  'served_declarations_read',
  servedDeclarations.pick('rows'),
  'SELECT rows FROM served_declarations WHERE id = 1',
)

const keep = servedDeclarations.write(
  'served_declarations_write',
  `INSERT INTO served_declarations (id, rows, read_at) VALUES (1, $1, $2::timestamptz)
    ON CONFLICT (id) DO UPDATE SET rows = excluded.rows, read_at = excluded.read_at`,
)

/** Before the migration there is no table, and nothing is kept. */
const isMissing = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === '42P01'

export function createServedDeclarations(sql: Sql, clock: Clock): ServedDeclarations {
  return {
    read: async () => {
      try {
        return (await sql.query(find, [])).rows[0]?.rows
      } catch (error) {
        if (isMissing(error)) return undefined
        throw error
      }
    },
    write: async (rows) => {
      try {
        await sql.query(keep, [rows, clock.now().toISOString()])
      } catch (error) {
        if (!isMissing(error)) throw error
      }
    },
  }
}
