/** Adapts the packaged database adapters to the needs of Prisma's schema engine. */
import type { SqlMigrationAwareDriverAdapterFactory, SqlQuery } from '@prisma/driver-adapter-utils'

/**
 * The engine's own lock belongs to a session and is never released. With a pooler in transaction mode it would stay on a connection that
 * others get next. migrate.ts holds its own lock instead.
 */
const isEngineLock = ({ sql }: SqlQuery): boolean => /^SELECT pg_advisory_lock\(\d+\)$/.test(sql)

const nothing = { columnNames: [], columnTypes: [], rows: [] }

/**
 * The packaged adapters split scripts at semicolons and run the parts one by one (PostgreSQL), or do not wait for the result (PGlite).
 * `run` sends the whole script at once, which PostgreSQL runs as one transaction, and waits. A migration may take longer than a statement
 * of the servers: if the role has a limit, the script disables it for its own transaction.
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
