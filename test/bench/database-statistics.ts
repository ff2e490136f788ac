/**
 * Counts what reaches PostgreSQL, by pg_stat_statements in the server itself: nothing in the measured process is changed or
 * asked. Every statement of ours is its own transaction and its own round trip; BEGIN and COMMIT would be counted as statements.
 */
import pg from 'pg'
import type { Postgres } from '../support/postgres.js'

export interface StatementCounts {
  readonly statements: number
  /** Statements that may change something; each outside BEGIN … COMMIT is one commit that writes. */
  readonly writes: number
}

export interface DatabaseStatistics {
  count(databaseName: string): Promise<StatementCounts>
  /** Each statement's text and calls since the last `reset`, most frequent first. For a closer look. */
  list(databaseName: string): Promise<readonly { query: string; calls: number }[]>
  reset(): Promise<void>
  close(): Promise<void>
}

async function client(postgres: Postgres): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: await postgres.url('postgres') })
  made.on('error', () => undefined)
  await made.connect()
  return made
}

const countText = `SELECT coalesce(sum(calls), 0)::float AS statements,
    coalesce(sum(calls) FILTER (WHERE query ~* '\\m(insert|update|delete)\\M' OR query ~* '^commit'), 0)::float AS writes
  FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1`

/** Switches the counting on, which restarts the cluster; `undefined` when this PostgreSQL comes without the extension. */
export async function openDatabaseStatistics(postgres: Postgres): Promise<DatabaseStatistics | undefined> {
  const before = await client(postgres)
  const { rowCount } = await before.query(
    "SELECT FROM pg_available_extensions WHERE name = 'pg_stat_statements' AND installed_version IS NULL",
  )
  if (rowCount === 0) {
    await before.end()
    return undefined
  }
  await before.query("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
  await before.end()
  await postgres.kill9()
  await postgres.restart()
  const connection = await client(postgres)
  await connection.query('CREATE EXTENSION pg_stat_statements')
  return {
    count: async (databaseName) => {
      const { rows } = await connection.query<StatementCounts>(countText, [databaseName])
      return rows[0] ?? { statements: 0, writes: 0 }
    },
    list: async (databaseName) => {
      const text = `SELECT query, calls::float FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
        WHERE d.datname = $1 ORDER BY calls DESC`
      return (await connection.query<{ query: string; calls: number }>(text, [databaseName])).rows
    },
    reset: async () => void (await connection.query('SELECT pg_stat_statements_reset()')),
    close: () => connection.end(),
  }
}
