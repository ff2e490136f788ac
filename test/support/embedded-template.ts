/**
 * Embedded databases without the wait: a first start takes seconds, a copy of a prepared folder opens at once.
 * The templates are made by the product's own code, migrations included, and kept for later runs until that code changes.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { migrate } from '../../src/database/migrate.js'
import { openEmbeddedDatabase } from './opened.js'
import { oncePerRun, runFolder, temporaryFolder } from './run-folder.js'

type SchemaName = 'auth' | 'notes'

/** By `cp`: a database is a thousand files, and Node's own copy takes several times as long. */
async function copyFolder(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  await promisify(execFile)('cp', ['-R', `${from}/.`, to])
}

/** An empty database: making one takes seconds, so both schemas start from copies of it. */
async function pristine(): Promise<string> {
  const folder = join(runFolder(), 'template-pristine')
  await oncePerRun('template-pristine', async () => {
    const database = await openEmbeddedDatabase(folder)
    await database.close()
  })
  return folder
}

const root = new URL('../../', import.meta.url)
const cacheFolder = fileURLToPath(new URL('node_modules/.cache/gatehouse-test/', root))

function filesBelow(path: string): string[] {
  const files = readdirSync(new URL(path, root), { recursive: true, withFileTypes: true })
  return files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Where a template is kept; the name says what it was made from. */
function keptTemplate(schemaName: SchemaName): string {
  const madeFrom = [...filesBelow(`prisma/${schemaName}/migrations`), ...filesBelow('src/database')]
  const hash = createHash('sha256').update(readFileSync(new URL('package-lock.json', root)))
  for (const file of madeFrom.sort()) hash.update(readFileSync(file))
  return join(cacheFolder, `${schemaName}-${hash.digest('hex').slice(0, 16)}`)
}

async function keep(folder: string, kept: string, schemaName: SchemaName): Promise<void> {
  const part = `${kept}.${process.pid}`
  await copyFolder(folder, part)
  for (const entry of readdirSync(cacheFolder)) {
    const isOld = entry.startsWith(`${schemaName}-`) && join(cacheFolder, entry) !== part
    if (isOld) rmSync(join(cacheFolder, entry), { recursive: true, force: true })
  }
  renameSync(part, kept)
}

async function template(schemaName: SchemaName): Promise<string> {
  const kept = keptTemplate(schemaName)
  if (existsSync(kept)) return kept
  const folder = join(runFolder(), `template-${schemaName}`)
  await oncePerRun(`template-${schemaName}`, async () => {
    await copyFolder(await pristine(), folder)
    const database = await openEmbeddedDatabase(folder)
    await migrate(database, fileURLToPath(new URL(`../../prisma/${schemaName}/migrations`, import.meta.url)))
    await database.close()
    await keep(folder, kept, schemaName)
  })
  return folder
}

/** A fresh folder with an embedded database in which nothing was made yet. */
export async function emptyEmbeddedFolder(): Promise<string> {
  const folder = temporaryFolder('empty')
  await copyFolder(await pristine(), folder)
  return folder
}

/** A fresh folder with a migrated embedded database in it. */
export async function embeddedFolder(schemaName: SchemaName): Promise<string> {
  const folder = temporaryFolder(schemaName)
  await copyFolder(await template(schemaName), folder)
  return folder
}

/** A fresh DATA_DIR as the product lays it out: `auth` and `notes` hold migrated embedded databases. */
export async function embeddedDataDir(): Promise<string> {
  const dataDir = temporaryFolder('data')
  for (const schemaName of ['auth', 'notes'] as const) {
    await copyFolder(await template(schemaName), join(dataDir, schemaName))
  }
  return dataDir
}
