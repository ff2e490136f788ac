import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import { migrate, pendingMigrations } from '../../src/database/migrate.js'
import { createDatabase, type DatabaseKind } from '../support/databases.js'
import { describeOnDatabases, describeOnPostgres } from '../support/describe-with.js'
import { emptyEmbeddedFolder } from '../support/embedded-template.js'
import { openEmbeddedDatabase, openServerDatabase } from '../support/opened.js'
import { temporaryFolder } from '../support/run-folder.js'

const shipped = fileURLToPath(new URL('../../prisma/auth', import.meta.url))
const open: Database[] = []
afterAll(() => Promise.all(open.map((database) => database.close())))

async function emptyDatabase(kind: DatabaseKind): Promise<Database> {
  const database =
    kind === 'embedded'
      ? await openEmbeddedDatabase(await emptyEmbeddedFolder())
      : openServerDatabase({ url: await createDatabase('migrate'), poolSize: 4, onIdleError: () => undefined })
  open.push(database)
  return database
}

/** A copy of the shipped migrations that a test may change. */
function migrationsCopy(): string {
  const folder = temporaryFolder('migrations')
  cpSync(shipped, folder, { recursive: true })
  return join(folder, 'migrations')
}

function addMigration(folder: string, name: string, script: string): void {
  mkdirSync(join(folder, name))
  writeFileSync(join(folder, name, 'migration.sql'), script)
}

const tables = {
  name: 'list_tables',
  lane: 'read' as const,
  text: `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1`,
}
const initial = '20261121000000_init'

/** The same database, which notes what its single statements were refused for: each would be an ERROR in PostgreSQL's log. */
function noting(database: Database, refused: unknown[]): Database {
  const query: Database['sql']['query'] = (statement, values) =>
    database.sql.query<never>(statement, values).catch((error: unknown) => {
      refused.push([statement.name, String(error)])
      throw error
    })
  return { ...database, sql: { query } }
}

describeOnDatabases('Migrations, on %s', (kind) => {
  it('ask an empty database nothing that it has to refuse', async () => {
    const refused: unknown[] = []
    const database = noting(await emptyDatabase(kind), refused)
    expect((await pendingMigrations(database, join(shipped, 'migrations'))).length).toBeGreaterThan(5)
    await migrate(database, join(shipped, 'migrations'))
    expect(await pendingMigrations(database, join(shipped, 'migrations'))).toEqual([])
    expect(refused).toEqual([])
  })

  it('are pending on an empty database, then applied once', async () => {
    const database = await emptyDatabase(kind)
    const folder = join(shipped, 'migrations')
    const pending = await pendingMigrations(database, folder)
    expect(pending).toContain(initial)
    expect(await migrate(database, folder)).toEqual(pending)
    expect(await migrate(database, folder)).toEqual([])
    expect(await pendingMigrations(database, folder)).toEqual([])
    const { rows } = await database.sql.query<{ name: string }>(tables, [])
    expect(rows.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['_prisma_migrations', 'accounts', 'artifacts']),
    )
  })

  it('apply what a new version adds, in order', async () => {
    const database = await emptyDatabase(kind)
    const folder = migrationsCopy()
    await migrate(database, folder)
    addMigration(folder, '20991231000002_second', 'ALTER TABLE extra ADD COLUMN more text;')
    addMigration(folder, '20991231000001_first', 'CREATE TABLE extra (id text PRIMARY KEY);')
    const added = ['20991231000001_first', '20991231000002_second']
    expect(await pendingMigrations(database, folder)).toEqual(added)
    expect(await migrate(database, folder)).toEqual(added)
    // The version before starts on it too: a downgrade.
    expect(await migrate(database, join(shipped, 'migrations'))).toEqual([])
  })

  it('are refused when one that was applied has been edited', async () => {
    const database = await emptyDatabase(kind)
    const folder = migrationsCopy()
    await migrate(database, folder)
    writeFileSync(join(folder, initial, 'migration.sql'), 'CREATE TABLE other (id text);')
    const message = `migration ${initial} was changed after it was applied to this database`
    await expect(pendingMigrations(database, folder)).rejects.toThrow(message)
    await expect(migrate(database, folder)).rejects.toThrow(message)
  })

  it('stay pending when one fails, so that the next start is not taken for ready', async () => {
    const database = await emptyDatabase(kind)
    const folder = migrationsCopy()
    await migrate(database, folder)
    addMigration(
      folder,
      '20991231000001_broken',
      'CREATE TABLE half (id text); CREATE TABLE nonsense (id no_such_type);',
    )
    await expect(migrate(database, folder)).rejects.toThrow()
    expect(await pendingMigrations(database, folder)).toEqual(['20991231000001_broken'])
    await expect(migrate(database, folder)).rejects.toThrow()
  })

  it('happen once when several start together', async () => {
    const database = await emptyDatabase(kind)
    const folder = join(shipped, 'migrations')
    const pending = await pendingMigrations(database, folder)
    const applied = await Promise.all([migrate(database, folder), migrate(database, folder)])
    expect(applied.flat()).toEqual(pending)
  })
})

describeOnPostgres('Migrations, by several processes on one PostgreSQL', () => {
  it('wait for one another and are applied once', async () => {
    const url = await createDatabase('migrate')
    const replicas = Array.from({ length: 4 }, () => {
      const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
      open.push(database)
      return database
    })
    const folder = join(shipped, 'migrations')
    const applied = await Promise.all(replicas.map((database) => migrate(database, folder)))
    expect(applied.flat().sort()).toEqual((await pendingMigrationsOf(url, folder)).sort())
    expect(applied.filter((names) => names.length > 0)).toHaveLength(1)
  })
})

/** What a database that nobody has migrated would lack: every migration there is. */
async function pendingMigrationsOf(_url: string, folder: string): Promise<string[]> {
  return pendingMigrations(await emptyDatabase('postgresql'), folder)
}
