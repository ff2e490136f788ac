/**
 * Databases for tests; each caller gets one of its own. `describeOnDatabases` runs tests on both kinds: the embedded one is always there,
 * PostgreSQL where the machine has it.
 */
import { randomBytes } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import type { Database } from '../../src/database/database.js'
import { migrate } from '../../src/database/migrate.js'
import { declare, demandCapability, hasCapability } from './capabilities.js'
import { embeddedFolder } from './embedded-template.js'
import { openEmbeddedSchema, openServerDatabase } from './opened.js'
import { ensureDatabase, startPostgres } from './postgres.js'
import { oncePerRun } from './run-folder.js'

export type DatabaseKind = 'embedded' | 'postgresql'
export type SchemaName = 'auth' | 'notes'

/** PostgreSQL where the machine has it, for tests that say the same on either kind and need to run on one. */
export function preferredDatabase(): DatabaseKind {
  if (!hasCapability('postgresql')) return 'embedded'
  declare(['postgresql'], 1)
  return 'postgresql'
}

const clusterSchema = z.object({ port: z.number() })

/** The port of the run's shared PostgreSQL cluster, which starts with the first call. */
async function sharedCluster(): Promise<number> {
  demandCapability('postgresql')
  const cluster = await oncePerRun('postgres', async () => {
    const { port, pid, dataFolder } = await startPostgres({ isDurable: false })
    return { port, pid, dataFolder }
  })
  return clusterSchema.parse(cluster).port
}

const newName = (prefix: string) => `${prefix}_${randomBytes(6).toString('hex')}`

/** URL of a new, empty database on the shared cluster. */
export async function createDatabase(prefix = 'test'): Promise<string> {
  return ensureDatabase(await sharedCluster(), newName(prefix))
}

const openByUrl = (url: string) => openServerDatabase({ url, poolSize: 10, onIdleError: () => undefined })

/** URL of a new database on the shared cluster with the schema's migrations applied: a copy of one that was migrated once. */
export async function createMigratedDatabase(schemaName: SchemaName): Promise<string> {
  const port = await sharedCluster()
  const template = `template_${schemaName}`
  await oncePerRun(`postgres-${schemaName}`, async () => {
    const database = openByUrl(await ensureDatabase(port, template))
    await migrate(database, fileURLToPath(new URL(`../../prisma/${schemaName}/migrations`, import.meta.url)))
    await database.close()
  })
  return ensureDatabase(port, newName(schemaName), template)
}

/** A new database of that kind with the schema's migrations applied. The caller closes it. */
export async function openTestDatabase(kind: DatabaseKind, schemaName: SchemaName): Promise<Database> {
  if (kind === 'embedded') return openEmbeddedSchema(await embeddedFolder(), schemaName)
  return openByUrl(await createMigratedDatabase(schemaName))
}
