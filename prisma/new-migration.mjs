// Writes the migration from the schema.prisma of the last commit to the one in the working tree:
//   node prisma/new-migration.mjs auth add_device_name
// Runs Prisma's schema engine (WebAssembly) on an in-memory database; nothing is downloaded and no server is needed.
import { execFileSync } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { PGlite } from '@electric-sql/pglite'
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils'
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg'
import { PrismaPGlite } from 'pglite-prisma-adapter'

const [schemaName, migrationName] = process.argv.slice(2)
if (!['auth', 'notes'].includes(schemaName) || !/^[a-z][a-z0-9_]*$/.test(migrationName ?? '')) {
  console.error('usage: node prisma/new-migration.mjs auth|notes migration_name')
  process.exit(2)
}

const schemaFile = new URL(`./${schemaName}/schema.prisma`, import.meta.url)
const migrations = new URL(`./${schemaName}/migrations/`, import.meta.url)

function committedSchema() {
  try {
    return execFileSync('git', ['show', `HEAD:prisma/${schemaName}/schema.prisma`], { encoding: 'utf8', stdio: 'pipe' })
  } catch {
    return undefined
  }
}

function target(content) {
  if (content === undefined) return { tag: 'empty' }
  return { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content }] }
}

const engineFile = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg')
const { instance } = await WebAssembly.instantiate(await readFile(engineFile.replace(/\.js$/, '.wasm')), {
  './schema_engine_bg.js': bindings,
})
bindings.__wbg_set_wasm(instance.exports)
instance.exports.__wbindgen_start()

const content = await readFile(schemaFile, 'utf8')
const factory = new PrismaPGlite(await PGlite.create('memory://'))
const engine = await bindings.SchemaEngine.new(
  { datamodels: [['schema.prisma', content]] },
  () => undefined,
  bindMigrationAwareSqlAdapterFactory(factory),
)
const { stdout } = await engine.diff({
  from: target(committedSchema()),
  to: target(content),
  script: true,
  exitCode: null,
  filters: { externalTables: [], externalEnums: [] },
})
if (!stdout || /This is an empty migration/.test(stdout)) {
  console.log('nothing to do: the schema is as committed')
  process.exit(0)
}
const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14)
const folder = new URL(`${stamp}_${migrationName}/`, migrations)
await mkdir(folder, { recursive: true })
await writeFile(new URL('migration.sql', folder), stdout)
await writeFile(new URL('migration_lock.toml', migrations), '# Written for the Prisma CLI.\nprovider = "postgresql"\n')
console.log(`wrote ${folder.pathname}migration.sql: read it, it is yours now`)
process.exit(0)
