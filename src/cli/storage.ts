/** The authorization server's storage, opened for one command. */
import type { Storage } from '../storage/storage.js'
import { loadConfig, type Terminal } from './command.js'

/** Opens, runs `work`, closes whatever happens; beside a running server too. Throws one clear line when migrations are pending. */
export async function withStorage<T>(terminal: Terminal, work: (storage: Storage) => Promise<T>): Promise<T> {
  const config = loadConfig(terminal)
  // Loaded when needed: `gatehouse help` does not wait for the engine.
  const [{ openForCommand, storageOver }, { authMigrations }] = await Promise.all([
    import('../program/databases.js'),
    import('../storage/storage.js'),
  ])
  const database = await openForCommand(config, 'auth', authMigrations)
  try {
    const storage = await storageOver(config, database, terminal.clock)
    return await work(storage).finally(() => storage.prisma.$disconnect())
  } finally {
    await database.close()
  }
}
