/** `gatehouse migrate`: brings the databases to the newest schema without starting a server. */

import { createLogger } from '../base/log.js'
import type { Config } from '../config/config.js'
import { migrate as applyMigrations } from '../database/migrate.js'
import { notesMigrations } from '../notes/notes-database.js'
import { nameOf, prepareDatabases } from '../program/data-folder.js'
import type { Part } from '../program/parts-served.js'
import { authMigrations } from '../storage/storage.js'
import { type Command, loadConfig, readArguments, type Terminal, UsageError, writeLine } from './command.js'

async function migratePart(terminal: Terminal, config: Config, part: Part): Promise<void> {
  const { openDatabase } = await import('../program/databases.js')
  const database = await openDatabase(config, part, createLogger('silent'))
  const name = nameOf(part)
  try {
    const applied = await applyMigrations(database, part === 'auth' ? authMigrations : notesMigrations)
    writeLine(terminal, applied.length === 0 ? `${name}: up to date` : `${name}: applied ${applied.join(', ')}`)
  } finally {
    await database.close()
  }
}

export const migrate: Command = {
  name: 'migrate',
  summary: 'Apply pending database migrations: all, or those of one database.',
  usage: ['migrate [auth|notes]'],
  async run(terminal, args) {
    const [database, ...surplus] = readArguments(args, {}).positionals
    if (surplus.length > 0 || !(database === undefined || database === 'auth' || database === 'notes')) {
      throw new UsageError('migrate takes nothing, auth or notes')
    }
    const parts = (['auth', 'mcp'] as const).filter((part) => database === undefined || database === nameOf(part))
    const config = loadConfig(terminal)
    await prepareDatabases(config, parts)
    for (const part of parts) await migratePart(terminal, config, part)
  },
}
