/**
 * Embedded databases without the wait: a first start takes seconds, a copy of a prepared folder opens at once.
 * The templates are made by the product's own code, migrations included, and kept for later runs until that code changes.
 */

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { migrate } from '../../src/database/migrate.js'
import { openEmbeddedDatabase, openEmbeddedSchema } from './opened.js'
import { oncePerRun, runFolder, temporaryFolder } from './run-folder.js'

/** By `cp`: a database is a thousand files, and Node's own copy takes several times as long. */
async function copyFolder(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true, mode: 0o700 })
  await promisify(execFile)('cp', ['-R', `${from}/.`, to])
}

/** Zeros at the end of a file take no place, nor in a copy: of a new write-ahead log that is 16 MiB. */
function makeSparse(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const file = join(entry.parentPath, entry.name)
    const content = readFileSync(file)
    let length = content.length
    while (length > 0 && content[length - 1] === 0) length -= 1
    truncateSync(file, length)
    truncateSync(file, content.length)
  }
}

/** An empty database: making one takes seconds. */
async function pristine(): Promise<string> {
  const folder = join(runFolder(), 'template-pristine')
  await oncePerRun('template-pristine', async () => {
    const database = await openEmbeddedDatabase(folder)
    await database.close()
    makeSparse(folder)
  })
  return folder
}

const schemas = ['auth', 'notes'] as const
const root = new URL('../../', import.meta.url)
const cacheFolder = fileURLToPath(new URL('node_modules/.cache/gatehouse-test/', root))

function filesBelow(path: string): string[] {
  const files = readdirSync(new URL(path, root), { recursive: true, withFileTypes: true })
  return files.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Where the template is kept; the name says what it was made from. */
function keptTemplate(): string {
  const migrations = schemas.flatMap((schema) => filesBelow(`prisma/${schema}/migrations`))
  const hash = createHash('sha256')
    .update('sparse')
    .update(readFileSync(new URL('package-lock.json', root)))
  for (const file of [...migrations, ...filesBelow('src/database')].sort()) hash.update(readFileSync(file))
  return join(cacheFolder, `database-${hash.digest('hex').slice(0, 16)}`)
}

async function keep(folder: string, kept: string): Promise<void> {
  const part = `${kept}.${process.pid}`
  await copyFolder(folder, part)
  for (const entry of readdirSync(cacheFolder)) {
    // One for each schema is what earlier versions kept.
    const isOld = /^(?:database|auth|notes)-/.test(entry) && join(cacheFolder, entry) !== part
    if (isOld) rmSync(join(cacheFolder, entry), { recursive: true, force: true })
  }
  renameSync(part, kept)
}

/** A migrated database with the schemas of both servers. */
async function template(): Promise<string> {
  const kept = keptTemplate()
  if (existsSync(kept)) return kept
  const folder = join(runFolder(), 'template-database')
  await oncePerRun('template-database', async () => {
    await copyFolder(await pristine(), folder)
    for (const schema of schemas) {
      const database = await openEmbeddedSchema(folder, schema)
      await migrate(database, fileURLToPath(new URL(`../../prisma/${schema}/migrations`, import.meta.url)))
      await database.close()
    }
    makeSparse(folder)
    await keep(folder, kept)
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
export async function embeddedFolder(): Promise<string> {
  const folder = temporaryFolder('database')
  await copyFolder(await template(), folder)
  return folder
}

/** A fresh DATA_DIR as the first start of both servers lays it out, with a migrated embedded database. */
export async function embeddedDataDir(): Promise<string> {
  const dataDir = temporaryFolder('data')
  await copyFolder(await template(), join(dataDir, 'database'))
  return dataDir
}
