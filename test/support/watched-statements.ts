/** A database that tells what it is asked, and lets a test do something between a request's read and its write. */
import type { SqlDriverAdapterFactory, SqlQuery } from '@prisma/driver-adapter-utils'
import type { Database } from '../../src/database/database.js'

export interface WatchedStatements {
  /** Names of our own statements, texts of Prisma's, in order. */
  readonly asked: string[]
  /** What happens right before the next statement of that name is sent. */
  readonly meanwhile: Map<string, () => Promise<unknown>>
  /** What happens when the next statement of that name was carried out, before its answer is heard. */
  readonly afterwards: Map<string, () => Promise<unknown>>
  watched(database: Database): Database
}

function watchPrisma(factory: SqlDriverAdapterFactory, asked: string[]): SqlDriverAdapterFactory {
  const note =
    <T>(send: (query: SqlQuery) => Promise<T>) =>
    (query: SqlQuery) => {
      asked.push(query.sql)
      return send(query)
    }
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = await factory.connect()
      return Object.assign(adapter, {
        queryRaw: note(adapter.queryRaw.bind(adapter)),
        executeRaw: note(adapter.executeRaw.bind(adapter)),
      })
    },
  }
}

export function watchStatements(): WatchedStatements {
  const asked: string[] = []
  const meanwhile = new Map<string, () => Promise<unknown>>()
  const afterwards = new Map<string, () => Promise<unknown>>()
  const once = async (events: Map<string, () => Promise<unknown>>, name: string) => {
    const event = events.get(name)
    events.delete(name)
    await event?.()
  }
  return {
    asked,
    meanwhile,
    afterwards,
    watched: (database) => ({
      ...database,
      adapter: watchPrisma(database.adapter, asked),
      sql: {
        query: async (statement, values) => {
          asked.push(statement.name)
          await once(meanwhile, statement.name)
          const result = await database.sql.query<never>(statement, values)
          await once(afterwards, statement.name)
          return result
        },
      },
    }),
  }
}
