/** What both servers declare of their tables and statements, against the migrated schemas: a column that is misspelt or missing fails here. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Statement } from '../../src/database/sql.js'
import { type Columns, declarations, type SchemaName, Table, text } from '../../src/database/table.js'
import { type ConditionText, declareCondition, joined, type WriteText } from '../../src/database/writes.js'
import { notesMigrations } from '../../src/notes/notes-database.js'
import { authMigrations } from '../../src/storage/storage.js'

const source = fileURLToPath(new URL('../../src', import.meta.url))

/** Where statements on the tables of each server are declared, and its migrations. */
const servers = {
  auth: { rooms: ['storage', 'authorization-server'], migrations: authMigrations },
  notes: { rooms: ['mcp-host', 'notes'], migrations: notesMigrations },
} as const

const filesOf = (name: SchemaName) =>
  servers[name].rooms
    .flatMap((room) =>
      readdirSync(join(source, room), { recursive: true, encoding: 'utf8' }).map((file) => join(room, file)),
    )
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts') && !file.includes('generated'))

async function migratedSchema(name: SchemaName): Promise<PGlite> {
  const opened = await PGlite.create('memory://')
  const { migrations } = servers[name]
  for (const folder of readdirSync(migrations).sort()) {
    if (!folder.endsWith('.toml')) await opened.exec(readFileSync(join(migrations, folder, 'migration.sql'), 'utf8'))
  }
  return opened
}

const always = declareCondition('always', { condition: 'SELECT 1' })

/** As `information_schema` has the columns of each table. */
async function schemaColumns(schema: PGlite): Promise<ReadonlyMap<string, Columns>> {
  const { rows } = await schema.query<{
    table_name: string
    column_name: string
    udt_name: string
    is_nullable: string
  }>(
    `SELECT table_name, column_name, udt_name, is_nullable FROM information_schema.columns WHERE table_schema = 'public'`,
  )
  const tables = new Map<string, Record<string, Columns[string]>>()
  for (const { table_name: name, column_name: column, udt_name: type, is_nullable: nullable } of rows) {
    tables.set(name, { ...tables.get(name), [column]: { type, nullable: nullable === 'YES' } })
  }
  return tables
}

/** What a statement returns, by PostgreSQL's own word. Rejects if it cannot be prepared. */
async function returnedBy(
  schema: PGlite,
  { text }: Pick<Statement, 'text'>,
): Promise<Readonly<Record<string, string>>> {
  const { resultFields } = await schema.describeQuery(text)
  const ids = resultFields.map(({ dataTypeID }) => dataTypeID)
  const { rows } = await schema.query<{ oid: number; typname: string }>(
    'SELECT oid, typname FROM pg_type WHERE oid = ANY ($1::oid[])',
    [ids],
  )
  const names = new Map(rows.map(({ oid, typname }) => [oid, typname]))
  return Object.fromEntries(
    resultFields
      .filter(({ name }) => name !== '?column?')
      .map(({ name, dataTypeID }) => [name, names.get(dataTypeID) ?? 'unknown']),
  )
}

const typesOf = (columns: Columns) =>
  Object.fromEntries(Object.entries(columns).map(([name, { type }]) => [name, type]))

const isCondition = (text: WriteText | ConditionText): text is ConditionText => 'decides' in text

/** The statement that such a text becomes, on its own or behind a condition. */
const alone = (text: WriteText | ConditionText): Statement =>
  isCondition(text) ? joined(text, []) : joined(always, [text])

/** The tables that a text writes. */
function writtenIn(sql: string): readonly string[] {
  const found = [...sql.matchAll(/\b(?:INSERT INTO|DELETE FROM|UPDATE)\s+(?!SET\b|OF\b)([a-z_]+)/g)]
  return [...new Set(found.map(([, name = '']) => name))].sort()
}

describe.each(['auth', 'notes'] as const)('What is declared of the schema %s', (name) => {
  const files = filesOf(name)
  let schema: PGlite
  beforeAll(async () => {
    schema = await migratedSchema(name)
    for (const file of files) {
      if (readFileSync(join(source, file), 'utf8').includes("/tables.js'"))
        await import(`../../src/${file.replace(/\.ts$/, '.js')}`)
    }
  }, 120_000)
  afterAll(() => schema.close())

  it('are all tables, with all their columns, their types and what may be null', async () => {
    const expected = await schemaColumns(schema)
    const declared = new Map(declarations(name).tables.map(({ name, columns }) => [name, columns]))
    expect(Object.fromEntries(declared)).toEqual(Object.fromEntries(expected))
  })

  it('are statements that the schema can carry out, and the columns that each returns', async () => {
    const { statements } = declarations(name)
    expect(statements.length).toBeGreaterThan({ auth: 70, notes: 8 }[name])
    const wrong: unknown[] = []
    for (const { statement, columns } of statements) {
      const returned = await returnedBy(schema, statement).catch(String)
      const expected = typesOf(columns)
      if (JSON.stringify(sorted(returned)) !== JSON.stringify(sorted(expected)))
        wrong.push({ name: statement.name, expected, returned })
    }
    expect(wrong).toEqual([])
  })

  it('are writes that stand beside others', async () => {
    const { parts } = declarations(name)
    expect(parts.length).toBeGreaterThan({ auth: 15, notes: -1 }[name])
    for (const { text } of parts)
      expect([text.name, await returnedBy(schema, alone(text)).catch(String)]).toEqual([text.name, {}])
  })

  it('are the tables that each statement writes', () => {
    const { statements, parts } = declarations(name)
    const all = [
      ...statements.map(({ statement, writes }) => ({ name: statement.name, sql: statement.text, writes })),
      ...parts.map(({ text, writes }) => ({ name: text.name, sql: alone(text).text, writes })),
    ]
    const wrong = all
      .map(({ name, sql, writes }) => ({ name, declared: [...writes].sort(), written: writtenIn(sql) }))
      .filter(({ declared, written }) => JSON.stringify(declared) !== JSON.stringify(written))
    expect(wrong).toEqual([])
  })

  it('are all statements that there are', () => {
    const undeclared = files.filter((file) =>
      /\blane: '\w+',\s*text\b|: Statement = \{/.test(readFileSync(join(source, file), 'utf8')),
    )
    expect(undeclared).toEqual([])
  })

  it('would fail with a column that is misspelt', async () => {
    const [table, own] = ({ auth: ['accounts', 'email'], notes: ['notes', 'title'] } as const)[name]
    const columns = { id: text, [`${own}s`]: text }
    const misspelt = new Table(table, columns)
    expect((await schemaColumns(schema)).get(table)).not.toEqual(columns)
    expect(misspelt.insertion(`${own}s`).sql).toBe(`INSERT INTO ${table} (${own}s) SELECT $1::text`)
    for (const sql of [`SELECT ${own}s FROM ${table}`, misspelt.insertion(`${own}s`).sql]) {
      await expect(returnedBy(schema, { text: sql })).rejects.toThrow(`${own}s`)
    }
  })
})

function sorted(value: string | Readonly<Record<string, string>>): unknown {
  return typeof value === 'string' ? value : Object.entries(value).sort()
}
