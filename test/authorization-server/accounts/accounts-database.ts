import type { Database } from '../../../src/database/database.js'
import { PrismaClient } from '../../../src/storage/generated/client.js'
import { type DatabaseKind, openTestDatabase } from '../../support/databases.js'

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

/** The authorization server's tables, empty. */
export async function openAccountsDatabase(kind: DatabaseKind): Promise<AccountsDatabase> {
  const database = await openTestDatabase(kind, 'auth')
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
