/** Where the notes' migrations are, and whether a database has them. */
import { fileURLToPath } from 'node:url'
import type { Database } from '../platform/database.js'
import { migrate, pendingMigrations } from '../platform/migrate.js'

/** `src/mcp-server` and `dist/mcp-server` lie equally deep under the package root. */
export const notesMigrations: string = fileURLToPath(new URL('../../prisma/notes/migrations', import.meta.url))

/** Brings the notes database to the newest schema; returns the names of the migrations applied now. */
export function migrateNotes(database: Database): Promise<string[]> {
  return migrate(database, notesMigrations)
}

/** Names of the migrations the notes database has not. */
export function pendingNotesMigrations(database: Database): Promise<string[]> {
  return pendingMigrations(database, notesMigrations)
}

/** A readiness check: resolves when the database is migrated and answers. Migrations are looked up until there are none pending. */
export function createNotesReadiness(database: Database): () => Promise<void> {
  let migrated = false
  return async () => {
    if (migrated) return database.ping()
    const pending = await pendingNotesMigrations(database)
    if (pending.length > 0) throw new Error(`the notes database lacks migrations: ${pending.join(', ')}`)
    migrated = true
  }
}
