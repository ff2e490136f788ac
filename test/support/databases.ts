/**
 * The database kinds a test runs on: `describe.each(databaseKinds)('… on %s', (kind) => …)`. The embedded one is always there;
 * PostgreSQL when the machine has it. Each caller gets a database of its own.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Database, openEmbeddedDatabase, openServerDatabase } from '../../src/platform/database.js'
import { migrate } from '../../src/platform/migrate.js'
import { embeddedFolder } from './embedded-template.js'
import { ensureDatabase, startPostgres } from './postgres.js'
import { oncePerRun } from './run-folder.js'

export type DatabaseKind = 'embedded' | 'postgresql'
export type SchemaName = 'auth' | 'notes'

export const databaseKinds: readonly DatabaseKind[] =
  process.env['TEST_POSTGRES_BIN'] === undefined ? ['embedded'] : ['embedded', 'postgresql']

const clusterSchema = z.object({ port: z.number() })

/** URL of a new, empty database on the run's shared PostgreSQL cluster, which starts with the first call. */
export async function createDatabase(prefix = 'test'): Promise<string> {
  const cluster = await oncePerRun('postgres', async () => {
    const { port, pid, dataFolder } = await startPostgres()
    return { port, pid, dataFolder }
  })
  return ensureDatabase(clusterSchema.parse(cluster).port, `${prefix}_${randomBytes(6).toString('hex')}`)
}

/** A new database of that kind with the schema's migrations applied. The caller closes it. */
export async function openTestDatabase(kind: DatabaseKind, schemaName: SchemaName): Promise<Database> {
  if (kind === 'embedded') return openEmbeddedDatabase(await embeddedFolder(schemaName))
  const url = await createDatabase(schemaName)
  const database = openServerDatabase({ url, poolSize: 10, onIdleError: () => undefined })
  await migrate(database, fileURLToPath(new URL(`../../prisma/${schemaName}/migrations`, import.meta.url)))
  return database
}
