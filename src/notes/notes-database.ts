/** The folder of the notes' migrations, and the check that a database has them. */
import { fileURLToPath } from 'node:url'
import type { Database } from '../database/database.js'
import { pendingMigrations } from '../database/migrate.js'

/** Folder of the migrations. `src/notes` and `dist/notes` lie equally deep under the package root. */
export const notesMigrations = fileURLToPath(new URL('../../prisma/notes/migrations', import.meta.url))

/** A readiness check: resolves if the database is migrated and answers. Migrations are checked until none are pending. */
export function createNotesReadiness(database: Database): () => Promise<void> {
  let migrated = false
  return async () => {
    if (migrated) return database.ping()
    const pending = await pendingMigrations(database, notesMigrations)
    if (pending.length > 0) throw new Error(`the notes database lacks migrations: ${pending.join(', ')}`)
    migrated = true
  }
}
