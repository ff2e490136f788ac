/** The authorization server's storage, opened for one command. */
import { createLogger } from '../platform/log.js'
import type { Storage } from '../storage/storage.js'
import { loadConfig, type Terminal } from './command.js'

/** Opens, brings to the newest schema, runs `work`, closes whatever happens. Refused while a server holds the embedded database. */
export async function withStorage<T>(terminal: Terminal, work: (storage: Storage) => Promise<T>): Promise<T> {
  const config = loadConfig(terminal)
  // Loaded when needed: `gatehouse help` does not wait for the engine.
  const [{ openDatabase, storageOver }, { migrateStorage }] = await Promise.all([
    import('../databases.js'),
    import('../storage/storage.js'),
  ])
  const database = await openDatabase(config, 'auth', createLogger('silent'))
  try {
    await migrateStorage(database)
    const storage = await storageOver(config, database, terminal.clock)
    return await work(storage).finally(() => storage.prisma.$disconnect())
  } finally {
    await database.close()
  }
}
