/**
 * Applies Prisma migrations with Prisma's own schema engine, built to WebAssembly, so no engine is downloaded and the project has no
 * migration runner of its own. The engine writes `_prisma_migrations` exactly as `prisma migrate deploy` does.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import {
  bindMigrationAwareSqlAdapterFactory,
  type SqlMigrationAwareDriverAdapterFactory,
} from '@prisma/driver-adapter-utils'
import type { Database } from './database.js'
import type { Statement } from './sql.js'

interface Migration {
  readonly path: string
  readonly script: string
}

const filters = { externalTables: [], externalEnums: [] }

/** Held while migrating, so that only one of several replicas that start together migrates. */
const migrationLock = 0x6a7e_0001

const listApplied: Statement = {
  name: 'migrations_applied',
  lane: 'read',
  text: 'SELECT migration_name AS name, checksum FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
}

const listFailed: Statement = {
  name: 'migrations_failed',
  lane: 'read',
  text: 'SELECT DISTINCT migration_name AS name FROM _prisma_migrations WHERE finished_at IS NULL AND rolled_back_at IS NULL',
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
  return Promise.all(
    names.sort().map(async (path) => ({ path, script: await readFile(join(folder, path, 'migration.sql'), 'utf8') })),
  )
}

/** Compares the migrations of a database with those in a folder, by name, in order. */
export interface MigrationState {
  /** Only in the folder. */
  readonly pending: readonly string[]
  /** Only in the database: from a newer release. */
  readonly unknown: readonly string[]
  /** Edited after they were applied. */
  readonly changed: readonly string[]
  /** Started and never finished. */
  readonly failed: readonly string[]
}

const listExists: Statement = {
  name: 'migrations_list_exists',
  lane: 'read',
  text: "SELECT to_regclass('_prisma_migrations') IS NOT NULL AS exists",
}

/** Checked first, because a statement on a missing table writes an ERROR to PostgreSQL's log, which operators watch. */
async function isListed({ sql }: Pick<Database, 'sql'>): Promise<boolean> {
  return (await sql.query<{ exists: boolean }>(listExists, [])).rows[0]?.exists === true
}

/** Rows of the schema engine's migration table; none if the table does not exist yet. */
async function listed<Row>(database: Pick<Database, 'sql'>, statement: Statement): Promise<readonly Row[]> {
  return (await isListed(database)) ? (await database.sql.query<Row>(statement, [])).rows : []
}

const fingerprint = (script: string) => createHash('sha256').update(script).digest('hex')

/** Changes nothing. */
export async function migrationState(database: Pick<Database, 'sql'>, folder: string): Promise<MigrationState> {
  const migrations = await readMigrations(folder)
  const applied = new Map(
    (await listed<{ name: string; checksum: string }>(database, listApplied)).map((row) => [row.name, row.checksum]),
  )
  const failed = await listed<{ name: string }>(database, listFailed)
  const known = new Set(migrations.map(({ path }) => path))
  const isChanged = ({ path, script }: Migration) => applied.has(path) && applied.get(path) !== fingerprint(script)
  return {
    pending: migrations.map(({ path }) => path).filter((path) => !applied.has(path)),
    unknown: [...applied.keys()].filter((name) => !known.has(name)).sort(),
    changed: migrations.filter(isChanged).map(({ path }) => path),
    failed: failed.map(({ name }) => name).sort(),
  }
}

/** Names of the migrations in `folder` that the database lacks. Throws if an applied one was edited since. */
export async function pendingMigrations(database: Database, folder: string): Promise<string[]> {
  const { pending, changed } = await migrationState(database, folder)
  const [edited] = changed
  if (edited !== undefined) throw new Error(`migration ${edited} was changed after it was applied to this database`)
  return [...pending]
}

/** The engine leaves a ten-second lock timer behind; unreferenced, it does not delay the end of the process. */
function withoutLingeringTimers(bindings: object): WebAssembly.ModuleImports {
  const unreferenced = (callback: () => void, ms: number) => setTimeout(callback, ms >>> 0).unref()
  return Object.fromEntries(
    Object.entries(bindings).map(([name, value]) => [
      name,
      name.startsWith('__wbg_setTimeout_') ? unreferenced : value,
    ]),
  )
}

// Loaded once per process: the bindings keep views of the first instance's memory, so a second instance reads garbage.
let schemaEngine: ReturnType<typeof instantiateSchemaEngine> | undefined

async function instantiateSchemaEngine() {
  const bindings = await import('@prisma/schema-engine-wasm/schema_engine_bg')
  const wasmPath = createRequire(import.meta.url)
    .resolve('@prisma/schema-engine-wasm/schema_engine_bg')
    .replace(/\.js$/, '.wasm')
  const { instance } = await WebAssembly.instantiate(await readFile(wasmPath), {
    './schema_engine_bg.js': withoutLingeringTimers(bindings),
  })
  bindings.__wbg_set_wasm(instance.exports)
  ;(instance.exports['__wbindgen_start'] as () => void)()
  return bindings.SchemaEngine
}

async function applyPending(adapter: SqlMigrationAwareDriverAdapterFactory, folder: string): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const schema = await readFile(join(folder, '..', 'schema.prisma'), 'utf8')
  schemaEngine ??= instantiateSchemaEngine()
  const SchemaEngine = await schemaEngine
  const factory = bindMigrationAwareSqlAdapterFactory(adapter)
  const engine = await SchemaEngine.new({ datamodels: [['schema.prisma', schema]] }, () => undefined, factory)
  try {
    const { appliedMigrationNames } = await engine.applyMigrations({
      migrationsList: {
        baseDir: folder,
        lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
        shadowDbInitScript: '',
        migrationDirectories: migrations.map(({ path, script }) => ({
          path,
          migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: script } },
        })),
      },
      filters,
    })
    return appliedMigrationNames
  } finally {
    engine.free()
  }
}

/**
 * Migrates the database to the newest schema and returns the names of the applied migrations. Safe to call from several processes at once.
 * `folder` holds Prisma migration folders and is next to their `schema.prisma`.
 */
export async function migrate(database: Database, folder: string): Promise<string[]> {
  if ((await pendingMigrations(database, folder)).length === 0) return []
  return database.exclusively(migrationLock, async () =>
    (await pendingMigrations(database, folder)).length === 0
      ? []
      : database.withMigrationAdapter((adapter) => applyPending(adapter, folder)),
  )
}
