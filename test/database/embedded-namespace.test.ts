import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import { createPreparedSql, openSession, type Session } from '../../src/database/embedded-statements.js'
import { migrate } from '../../src/database/migrate.js'
import type { Lane } from '../../src/database/sql.js'
import { embeddedFolder, emptyEmbeddedFolder } from '../support/embedded-template.js'
import { keepForFile, openEmbeddedDatabase, openEmbeddedSchema } from '../support/opened.js'

const migrationsOf = (schema: string) => fileURLToPath(new URL(`../../prisma/${schema}/migrations`, import.meta.url))

const statement = (text: string, name = text.slice(0, 60), lane: Lane = 'read') => ({ name, lane, text })
const ask = async ({ sql }: Database, text: string) =>
  (await sql.query<Record<string, unknown>>(statement(text), [])).rows
const where = `SELECT current_user::text AS role, current_schema()::text AS schema`
const inAuth = [{ role: 'gatehouse_auth', schema: 'auth' }]
const inNotes = [{ role: 'gatehouse_notes', schema: 'notes' }]

/** A query of Prisma's. */
const raw = (sql: string) => ({ sql, args: [], argTypes: [] })
const connected = ({ adapter }: Database) => adapter.connect()

describe('Two servers on one embedded database', () => {
  let folder: string
  let auth: Database
  let notes: Database

  beforeAll(async () => {
    folder = await embeddedFolder()
    ;[auth, notes] = await keepForFile(() =>
      Promise.all([openEmbeddedSchema(folder, 'auth'), openEmbeddedSchema(folder, 'notes')]),
    )
  })

  it('have one instance of it', async () => {
    const started = `SELECT pg_postmaster_start_time()::text || pg_current_xact_id()::text AS at`
    const at = (rows: readonly Record<string, unknown>[]) => String(rows[0]?.['at'])
    const [first, second] = [at(await ask(auth, started)), at(await ask(notes, started))]
    // Transactions are counted on, in one cluster that started once.
    expect(second.slice(0, 26)).toBe(first.slice(0, 26))
    expect(second).not.toBe(first)
  })

  it.each([
    ['SELECT * FROM notes.notes', 'SELECT * FROM auth.accounts'],
    ['DELETE FROM notes.notes', 'DELETE FROM auth.accounts'],
    ['DROP TABLE notes.notes', 'DROP TABLE auth.audit_events'],
    ['CREATE TABLE notes.mine (id text)', 'CREATE TABLE auth.mine (id text)'],
    ['CREATE TABLE public.mine (id text)', 'CREATE TABLE public.mine (id text)'],
    [`SELECT pg_read_file('PG_VERSION')`, `COPY accounts TO '/tmp/copy'`],
  ])('refuse each other, and what only the superuser may: %s', async (byAuth, byNotes) => {
    const refused = { code: '42501' }
    for (const [database, text] of [
      [auth, byAuth],
      [notes, byNotes.replace('COPY accounts', 'COPY notes')],
    ] as const) {
      await expect(ask(database, text)).rejects.toMatchObject(refused)
      const adapter = await connected(database)
      await expect(adapter.executeRaw(raw(text))).rejects.toMatchObject({ cause: { originalCode: '42501' } })
      const transaction = await adapter.startTransaction()
      await expect(transaction.executeRaw(raw(text))).rejects.toMatchObject({ cause: { originalCode: '42501' } })
      await transaction.rollback()
      await expect(
        database.withMigrationAdapter(async (migrations) => (await migrations.connect()).executeScript(text)),
      ).rejects.toMatchObject(refused)
    }
  })

  it('each are in their own schema, in whichever order they ask, after failures too', async () => {
    for (const [database, own] of [
      [auth, inAuth],
      [notes, inNotes],
      [notes, inNotes],
      [auth, inAuth],
      [notes, inNotes],
    ] as const) {
      expect(await ask(database, where)).toEqual(own)
      await expect(ask(database, 'SELECT 1 / 0')).rejects.toMatchObject({ code: '22012' })
      expect(await ask(database, where)).toEqual(own)
    }
    await expect(ask(notes, 'SELECT 1 / (SELECT 0)')).rejects.toMatchObject({ code: '22012' })
    expect(await ask(auth, where)).toEqual(inAuth)
    const answers = await Promise.all(Array.from({ length: 40 }, (_, index) => ask(index % 3 ? auth : notes, where)))
    expect(answers).toEqual(Array.from({ length: 40 }, (_, index) => (index % 3 ? inAuth : inNotes)))
  })

  it('find their own table and text behind the same name', async () => {
    const list = `SELECT count(*)::int AS count FROM _prisma_migrations`
    const [ofAuth, ofNotes] = [await ask(auth, list), await ask(notes, list)]
    expect(ofAuth).not.toEqual(ofNotes)
    const same = async ({ sql }: Database, text: string) => (await sql.query(statement(text, 'same'), [])).rows
    expect(await same(auth, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(await same(notes, 'SELECT 2 AS two')).toEqual([{ two: 2 }])
    expect(await same(auth, 'SELECT 1 AS one')).toEqual([{ one: 1 }])
  })

  it('tell Prisma which schema is theirs', async () => {
    expect((await connected(auth)).getConnectionInfo?.().schemaName).toBe('auth')
    expect((await connected(notes)).getConnectionInfo?.().schemaName).toBe('notes')
    expect((await (await connected(notes)).queryRaw(raw(where))).rows).toEqual([['gatehouse_notes', 'notes']])
    expect((await (await connected(auth)).queryRaw(raw(where))).rows).toEqual([['gatehouse_auth', 'auth']])
  })

  it('see nothing of a transaction of the other that is not over, and do nothing within it', async () => {
    await (await connected(auth)).executeRaw(raw('CREATE TABLE halves (id integer)'))
    await (await connected(auth)).executeRaw(raw('GRANT ALL ON halves TO gatehouse_notes; '))
    await (await connected(auth)).executeRaw(raw('GRANT USAGE ON SCHEMA auth TO gatehouse_notes'))
    const count = 'SELECT count(*)::int AS count FROM auth.halves'
    for (const [ending, rows] of [
      ['rollback', 0],
      ['commit', 2],
    ] as const) {
      const transaction = await (await connected(auth)).startTransaction()
      await transaction.executeRaw(raw('INSERT INTO halves VALUES (1)'))
      const seen = ask(notes, count)
      const written = ask(notes, `CREATE TABLE written_${ending} (id text)`)
      await transaction.executeRaw(raw('INSERT INTO halves VALUES (2)'))
      expect((await transaction.queryRaw(raw(where))).rows).toEqual([['gatehouse_auth', 'auth']])
      await transaction[ending]()
      expect(await seen).toEqual([{ count: rows }])
      await written
      expect(await ask(notes, `SELECT count(*)::int AS count FROM written_${ending}`)).toEqual([{ count: 0 }])
      expect(await ask(notes, where)).toEqual(inNotes)
    }
  })

  it('are opened once each, and closed by themselves', async () => {
    await expect(openEmbeddedSchema(folder, 'auth')).rejects.toThrow(/in use by another process/)
    const other = await embeddedFolder()
    const [one, two] = [await openEmbeddedSchema(other, 'auth'), await openEmbeddedSchema(other, 'notes')]
    await one.close()
    expect(await ask(two, where)).toEqual(inNotes)
    const again = await openEmbeddedSchema(other, 'auth')
    expect(await ask(again, where)).toEqual(inAuth)
    await again.close()
    const closed = two.close()
    // Waits until the folder is free.
    const reopened = await openEmbeddedSchema(other, 'notes')
    await closed
    expect(await ask(reopened, where)).toEqual(inNotes)
  })
})

describe('An embedded database from before two servers shared one', () => {
  it('is used as it is', async () => {
    const folder = await emptyEmbeddedFolder()
    const old = await openEmbeddedDatabase(folder)
    await migrate(old, migrationsOf('notes'))
    await ask(old, `INSERT INTO call_buckets (key, full_at) VALUES ('kept', now())`)
    await old.close()
    const opened = await openEmbeddedSchema(folder, 'notes')
    expect(await ask(opened, 'SELECT key FROM call_buckets')).toEqual([{ key: 'kept' }])
    expect(await ask(opened, 'SELECT current_schema()::text AS schema')).toEqual([{ schema: 'public' }])
    expect((await connected(opened)).getConnectionInfo?.().schemaName).toBeUndefined()
    expect(await migrate(opened, migrationsOf('notes'))).toEqual([])
  })

  it('and a new one is migrated into the schema of its server', async () => {
    const folder = await emptyEmbeddedFolder()
    const notes = await openEmbeddedSchema(folder, 'notes')
    expect((await migrate(notes, migrationsOf('notes'))).length).toBeGreaterThan(2)
    const tables = `SELECT DISTINCT schemaname::text AS schema, tableowner::text AS owner FROM pg_tables
      WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`
    expect(await ask(notes, tables)).toEqual([{ schema: 'notes', owner: 'gatehouse_notes' }])
  })
})

describe('The turns of two servers on one session', () => {
  let pglite: PGlite
  let session: Session
  beforeAll(async () => {
    pglite = await PGlite.create('memory://')
    await pglite.exec(['one', 'two'].map((name) => `CREATE ROLE gatehouse_${name}; CREATE SCHEMA ${name};`).join(' '))
    session = openSession(pglite)
  })
  afterAll(() => pglite.close())

  it('let one wait for a single search of the other, not for those behind it, and guards go first among their own', async () => {
    const [one, two] = ['one', 'two'].map((schema) =>
      createPreparedSql(session, { schema, role: `gatehouse_${schema}` }),
    ) as [Database['sql'], Database['sql']]
    const search = statement('SELECT pg_sleep(0.02)', 'search', 'search')
    const read = statement('SELECT 1', 'read', 'read')
    const guard = statement('SELECT 2', 'guard', 'security')
    for (const sql of [one, two]) for (const each of [search, read, guard]) await sql.query(each, [])
    const order: string[] = []
    const note = (name: string, work: Promise<unknown>) => work.then(() => order.push(name))
    await Promise.all([
      ...['a', 'b', 'c', 'd'].map((name) => note(name, two.query(search, []))),
      note('guard of two', two.query(guard, [])),
      note('read of one', one.query(read, [])),
      note('guard of one', one.query(guard, [])),
    ])
    expect(order).toEqual(['a', 'guard of one', 'guard of two', 'read of one', 'b', 'c', 'd'])
  })

  it('let a request in that comes while a queue of searches is served, by the thread that serves it', async () => {
    const sql = createPreparedSql(session, { schema: 'one', role: 'gatehouse_one' })
    const search = statement('SELECT pg_sleep(0.02)', 'search', 'search')
    await sql.query(search, [])
    const order: string[] = []
    const searches = Promise.all(
      Array.from({ length: 6 }, () => sql.query(search, []).then(() => order.push('search'))),
    )
    const request = new Promise<void>((resolve) => setTimeout(resolve, 1)).then(() => order.push('request'))
    await Promise.all([searches, request])
    expect(order.indexOf('request')).toBeLessThan(3)
  })
})
