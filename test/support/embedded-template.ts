/**
 * Embedded databases without the wait: a first start takes seconds, a copy of a prepared folder opens at once.
 * The templates are made once per run by the product's own code, migrations included.
 */
import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openEmbeddedDatabase } from '../../src/platform/database.js'
import { migrate } from '../../src/platform/migrate.js'
import { oncePerRun, runFolder, temporaryFolder } from './run-folder.js'

type SchemaName = 'auth' | 'notes'

/** An empty database: making one takes seconds, so both schemas start from copies of it. */
async function pristine(): Promise<string> {
  const folder = join(runFolder(), 'template-pristine')
  await oncePerRun('template-pristine', async () => {
    const database = await openEmbeddedDatabase(folder)
    await database.close()
  })
  return folder
}

async function template(schemaName: SchemaName): Promise<string> {
  const folder = join(runFolder(), `template-${schemaName}`)
  await oncePerRun(`template-${schemaName}`, async () => {
    cpSync(await pristine(), folder, { recursive: true })
    const database = await openEmbeddedDatabase(folder)
    await migrate(database, fileURLToPath(new URL(`../../prisma/${schemaName}/migrations`, import.meta.url)))
    await database.close()
  })
  return folder
}

/** A fresh folder with a migrated embedded database in it. */
export async function embeddedFolder(schemaName: SchemaName): Promise<string> {
  const folder = temporaryFolder(schemaName)
  cpSync(await template(schemaName), folder, { recursive: true })
  return folder
}

/** A fresh DATA_DIR as the product lays it out: `auth` and `notes` hold migrated embedded databases. */
export async function embeddedDataDir(): Promise<string> {
  const dataDir = temporaryFolder('data')
  for (const schemaName of ['auth', 'notes'] as const) {
    cpSync(await template(schemaName), join(dataDir, schemaName), { recursive: true })
  }
  return dataDir
}
