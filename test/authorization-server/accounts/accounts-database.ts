import { type Database, openEmbeddedDatabase } from '../../../src/platform/database.js'
import { migrate } from '../../../src/platform/migrate.js'
import { PrismaClient } from '../../../src/storage/generated/client.js'

/** A clock that a test moves. */
export function createTestClock(start = '2026-11-21T12:00:00Z') {
  let now = new Date(start).getTime()
  return {
    now: () => new Date(now),
    advance: (seconds: number) => {
      now += seconds * 1000
    },
  }
}

export interface AccountsDatabase {
  readonly database: Database
  readonly prisma: PrismaClient
  close(): Promise<void>
}

/** The authorization server's tables in memory. */
export async function openAccountsDatabase(): Promise<AccountsDatabase> {
  const database = await openEmbeddedDatabase('memory')
  await migrate(database, 'prisma/auth/migrations')
  const prisma = new PrismaClient({ adapter: database.adapter })
  return {
    database,
    prisma,
    close: async () => {
      await prisma.$disconnect()
      await database.close()
    },
  }
}
