/**
 * Tables as the code knows them: each declares its columns once, and every statement on it is declared through it. To find what writes a
 * table, search for its name with `.write(`, `.part(` or `.condition(`, and a test compares all declarations with the migrated schema
 * (test/storage/schema.test.ts). A statement is for queries that Prisma's client is too slow for or cannot express: src/statements.md lists
 * each with its reason, and a test compares that list too.
 */
import type { Column, ColumnsOf, Lane, RowStatement, Statement } from './sql.js'
import { type ConditionText, declareCondition, declareWrite, type Steps, type WriteText } from './writes.js'

export type Columns = Readonly<Record<string, Column<unknown>>>

/** The row that has these columns. */
export type RowOf<Some extends Columns> = {
  readonly [Name in keyof Some]: Some[Name] extends Column<infer Value> ? Value : never
}

export const text: Column<string> = { type: 'text', nullable: false }
/** Text with only these values. */
export function textOf<Value extends string>(): Column<Value> {
  return { type: 'text', nullable: false }
}

export const moment: Column<Date> = { type: 'timestamptz', nullable: false }
export const int: Column<number> = { type: 'int4', nullable: false }
export const float: Column<number> = { type: 'float8', nullable: false }
export const bool: Column<boolean> = { type: 'bool', nullable: false }
export const textList: Column<readonly string[]> = { type: '_text', nullable: false }
/** As text, because a JavaScript number cannot hold it. */
export const bigint: Column<string> = { type: 'int8', nullable: false }
export const transactionId: Column<string> = { type: 'xid8', nullable: false }

export function json<Value>(): Column<Value> {
  return { type: 'jsonb', nullable: false }
}

/** What `json_agg` returns. */
export function jsonList<Value>(): Column<readonly Value[]> {
  return { type: 'json', nullable: false }
}

export function orNull<Value>({ type }: Column<Value>): Column<Value | null> {
  return { type, nullable: true }
}

/** The server that a table belongs to: each has its own database, or a schema of the embedded one (`prisma/auth`, `prisma/notes`). */
export type SchemaName = 'auth' | 'notes'

interface Declared {
  readonly schema: SchemaName
  /** The table through which it is declared. */
  readonly table: string
}

/** One statement, with its result and the tables that it writes. */
export interface DeclaredStatement extends Declared {
  readonly statement: Statement
  readonly columns: Columns
  readonly writes: readonly string[]
}

/** A part of a joined statement, with the tables that it writes. */
export interface DeclaredPart extends Declared {
  readonly text: WriteText | ConditionText
  readonly writes: readonly string[]
}

const tables = new Map<string, Table<Columns>>()
const statements = new Map<string, DeclaredStatement>()
const parts = new Map<string, DeclaredPart>()

/** All declarations on one server's tables by the modules loaded so far. */
export function declarations(schema: SchemaName) {
  const of = <One extends { readonly schema: SchemaName }>(declared: ReadonlyMap<string, One>) =>
    [...declared.values()].filter((one) => one.schema === schema)
  return { tables: of(tables), statements: of(statements), parts: of(parts) }
}

/** Throws at module load if the name belongs to another text: PostgreSQL identifies a prepared statement by its name only. */
export function declareStatement<Statements extends Statement>(
  statement: Statements,
  columns: Columns,
  { name: table, schema }: Pick<Table<Columns>, 'name' | 'schema'>,
  writes: readonly string[],
): Statements {
  const known = statements.get(statement.name)?.statement
  if (known !== undefined && known.text !== statement.text) throw new Error(`there is another statement ${known.name}`)
  statements.set(statement.name, { statement, columns, table, schema, writes })
  return statement
}

interface WriteOptions {
  /** Further tables that the text writes. */
  readonly also?: readonly Table<Columns>[]
  readonly lane?: Extract<Lane, 'write' | 'security'>
}

/** A row to write: times may be ISO 8601 text. */
export type Written<Row> = { readonly [Name in keyof Row]: Date extends Row[Name] ? Row[Name] | string : Row[Name] }

/** An `INSERT` of one row. */
export interface Insertion<Row> {
  /** `INSERT INTO … SELECT $1::…`: a `FROM`, a `WHERE` and an `ON CONFLICT` may follow. */
  readonly sql: string
  /** In the order of the placeholders. */
  values(row: Written<Row>): unknown[]
}

export class Table<Own extends Columns> {
  readonly name: string
  readonly columns: Own
  readonly schema: SchemaName

  constructor(name: string, columns: Own, schema: SchemaName = 'auth') {
    this.name = name
    this.columns = columns
    this.schema = schema
  }

  /** Some of the columns, as the result of a statement. */
  pick<Name extends keyof Own & string>(...names: readonly Name[]): Pick<Own, Name> {
    return Object.fromEntries(names.map((name) => [name, this.columns[name]])) as Pick<Own, Name>
  }

  /** A single statement that reads this table and those that it joins. `columns`: its result. */
  read<Row>(
    name: string,
    columns: ColumnsOf<Row>,
    text: string,
    lane: Exclude<Lane, 'write'> = 'read',
  ): RowStatement<Row> {
    return declareStatement({ name, lane, text, columns }, columns as Columns, this, [])
  }

  /** A single statement that writes. */
  write(name: string, text: string, options: WriteOptions = {}): Statement {
    return declareStatement({ name, lane: options.lane ?? 'write', text }, {}, this, this.#written(options.also))
  }

  /** The same, returning rows. */
  writeReturning<Row>(
    name: string,
    columns: ColumnsOf<Row>,
    text: string,
    options: WriteOptions = {},
  ): RowStatement<Row> {
    const statement = { name, lane: options.lane ?? 'write', text, columns }
    return declareStatement(statement, columns as Columns, this, this.#written(options.also))
  }

  /** A write that is joined with others in a unit of work. See `declareWrite`. */
  part(name: string, steps: Steps, ...also: readonly Table<Columns>[]): WriteText {
    const text = declareWrite(name, steps)
    parts.set(name, { ...this.#own(), text, writes: this.#written(also) })
    return text
  }

  /** A part that inserts one row if the condition holds. */
  insertPart(name: string, { sql }: Insertion<never>): WriteText {
    const text = declareWrite(name, { inserted: `${sql} FROM {condition}` }, true)
    parts.set(name, { ...this.#own(), text, writes: [this.name] })
    return text
  }

  /** A write that others depend on. See `declareCondition`. */
  condition(
    name: string,
    steps: Steps & { readonly condition: string },
    ...also: readonly Table<Columns>[]
  ): ConditionText {
    const text = declareCondition(name, steps)
    parts.set(name, { ...this.#own(), text, writes: this.#written(also) })
    return text
  }

  /** A condition that looks at a row and locks it, and changes nothing. */
  lookingCondition(name: string, steps: Steps & { readonly condition: string }): ConditionText {
    const text = declareCondition(name, steps)
    parts.set(name, { ...this.#own(), text, writes: [] })
    return text
  }

  /** The text that inserts a row with these columns, which `write`, `part` or `condition` then declares. */
  insertion<Name extends keyof Own & string>(...names: readonly Name[]): Insertion<RowOf<Pick<Own, Name>>> {
    const types = names.map((name) => this.columns[name]?.type ?? '')
    const placeholders = types.map((type, index) => `$${index + 1}::${type.replace(/^_(.*)/, '$1[]')}`)
    return {
      sql: `INSERT INTO ${this.name} (${names.join(', ')}) SELECT ${placeholders.join(', ')}`,
      values: (row) =>
        names.map((name, index) => {
          const value: unknown = row[name]
          if (value instanceof Date) return value.toISOString()
          return types[index] === 'jsonb' ? JSON.stringify(value) : value
        }),
    }
  }

  #own(): Declared {
    return { table: this.name, schema: this.schema }
  }

  #written(also: readonly Table<Columns>[] = []): readonly string[] {
    return [this.name, ...also.map(({ name }) => name)]
  }
}

export function table<Own extends Columns>(name: string, columns: Own, schema?: SchemaName): Table<Own> {
  const declared = new Table(name, columns, schema)
  tables.set(name, declared)
  return declared
}
