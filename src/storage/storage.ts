/**
 * Opens the authorization server's database, migrates it and creates the stores over it. Prisma's client serves what is not on the path of a
 * request; src/statements.md lists the statements beside it. Owns no protocol rules; its guarantees are listed in adapter.ts.
 */
import { fileURLToPath } from 'node:url'
import type { Clock } from '../base/clock.js'
import type { SecretBox } from '../base/secrets.js'
import type { Database } from '../database/database.js'
import { migrate, pendingMigrations } from '../database/migrate.js'
import { PrismaClient } from './generated/client.js'

/** Folder of the authorization server's migrations, from src/ and dist/ alike. */
export const authMigrations: string = fileURLToPath(new URL('../../prisma/auth/migrations', import.meta.url))

export interface StorageOptions {
  readonly database: Database
  readonly secretBox: SecretBox
  readonly clock: Clock
  /** How long a repeated refresh is answered with the same successor. 0 switches that off. */
  readonly refreshGraceSeconds: number
}

export interface Storage extends StorageOptions {
  readonly prisma: PrismaClient
  /** Resolves when migrated and answering, throws otherwise. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Opens the stores over a database. Does not migrate: see `migrateStorage`. */
export function createStorage(options: StorageOptions): Storage {
  const { database } = options
  const prisma = new PrismaClient({ adapter: database.adapter })
  let migrated = false
  return {
    ...options,
    prisma,
    ready: async () => {
      if (!migrated && (await pendingMigrations(database, authMigrations)).length > 0) {
        throw new Error('migrations are pending')
      }
      migrated = true
      await database.ping()
    },
    close: async () => {
      await prisma.$disconnect()
      await database.close()
    },
  }
}

/** Brings the schema up to date; returns the names of the migrations applied now. */
export function migrateStorage(database: Database): Promise<string[]> {
  return migrate(database, authMigrations)
}
