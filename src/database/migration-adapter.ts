/** What Prisma's schema engine needs of a database, besides what the packaged adapters do. */
import type { SqlMigrationAwareDriverAdapterFactory, SqlQuery } from '@prisma/driver-adapter-utils'

/**
 * The engine's own lock belongs to a session and is never given back. Through a pool in transaction mode it would stay with a
 * connection that others get next. migrate.ts holds a lock of this program instead.
 */
const isEngineLock = ({ sql }: SqlQuery): boolean => /^SELECT pg_advisory_lock\(\d+\)$/.test(sql)

const nothing = { columnNames: [], columnTypes: [], rows: [] }

/**
 * The packaged adapters split scripts at semicolons and run the parts one by one (PostgreSQL), or do not wait for the outcome
 * (PGlite). `run` sends the whole script at once, which PostgreSQL runs as one transaction, and waits. A migration may take longer
 * than a statement of the servers: where the role has a limit, the script lifts it for its own transaction.
 */
export function migrationAdapter(
  factory: SqlMigrationAwareDriverAdapterFactory,
  run: (script: string) => Promise<unknown>,
): SqlMigrationAwareDriverAdapterFactory {
  const connect = async () => {
    const adapter = await factory.connect()
    const { queryRaw, executeRaw } = adapter
    return Object.assign(adapter, {
      queryRaw: async (query: SqlQuery) => (isEngineLock(query) ? nothing : queryRaw.call(adapter, query)),
      executeRaw: async (query: SqlQuery) => (isEngineLock(query) ? 0 : executeRaw.call(adapter, query)),
      executeScript: async (script: string) => void (await run(`SET LOCAL statement_timeout = 0; ${script}`)),
    })
  }
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect,
    connectToShadowDb: () => factory.connectToShadowDb(),
  }
}
