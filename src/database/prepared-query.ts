/**
 * A prepared query for pg without its repeated work: pg copies the options of each query, asks PostgreSQL for the column names
 * each time and looks up their parsers again. The columns of a statement are fixed by its text, so this class asks once per
 * process. Only for statements that list their columns: `SELECT *` could change under it. It is prepared by its name once per
 * connection, or without a name each time.
 */
import pg from 'pg'
import type { Statement } from './sql.js'

interface Column {
  readonly name: string
  readonly parse: (text: string) => unknown
}

interface Connection {
  parse(statement: { readonly name: string; readonly text: string }): void
  bind(portal: { readonly statement: string; readonly values: readonly Value[] }): void
  execute(portal: object): void
  sync(): void
}

/**
 * Members of pg's query class that its types leave out. pg is pinned exactly, and every prepared statement runs through this
 * class.
 */
interface QueryInternals {
  text: string
  name: string
  /** `extended`: never by the simple protocol, not even without values. */
  queryMode: 'extended'
  values: readonly Value[]
  callback: (error: Error | null) => void
  hasBeenParsed(connection: Connection): boolean
  prepare(connection: Connection): void
  handleRowDescription(message: { readonly fields: readonly { name: string; dataTypeID: number }[] }): void
  handleDataRow(message: { readonly fields: readonly (string | null)[] }): void
  handleCommandComplete(message: { readonly text: string }): void
  handleReadyForQuery(): void
}

const Query = pg.Query as unknown as new (text: string) => QueryInternals

/** Of every statement that was answered once. Statements are constants. */
const knownColumns = new WeakMap<Statement, readonly Column[]>()

/** `INSERT 0 3`, `UPDATE 3`, `SELECT 3`. */
function countIn(commandTag: string): number {
  return Number(commandTag.slice(commandTag.lastIndexOf(' ') + 1)) || 0
}

const { prepareValue } = (pg as unknown as { readonly utils: { prepareValue(value: unknown): Value } }).utils

type Value = string | Buffer | null

/** As the protocol carries it. Lists are the only thing that needs more than its text. */
function toValue(value: unknown): Value {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? prepareValue(value) : String(value)
}

export interface PreparedResult {
  readonly rows: Record<string, unknown>[]
  readonly rowCount: number
}

class PreparedQuery extends Query {
  readonly #statement: Statement
  readonly #rows: Record<string, unknown>[] = []
  readonly #resolve: (result: PreparedResult) => void
  #columns: readonly Column[] | undefined
  #rowCount = 0

  constructor(
    statement: Statement,
    values: readonly unknown[],
    isNamed: boolean,
    resolve: (result: PreparedResult) => void,
    reject: (error: Error) => void,
  ) {
    super(statement.text)
    this.name = isNamed ? statement.name : ''
    this.queryMode = 'extended'
    this.#statement = statement
    this.values = values.map(toValue)
    this.#resolve = resolve
    this.#columns = knownColumns.get(statement)
    // What was answered ends in `handleReadyForQuery`. pg wraps this, to take note that its time limit is met.
    this.callback = (error) => {
      if (error !== null) reject(error)
    }
  }

  override prepare(connection: Connection): void {
    // Parses the statement where this connection has not yet, and asks for its columns.
    if (this.#columns === undefined || (this.name !== '' && !this.hasBeenParsed(connection))) {
      super.prepare(connection)
      return
    }
    if (this.name === '') connection.parse({ name: '', text: this.text })
    connection.bind({ statement: this.name, values: this.values })
    connection.execute({})
    connection.sync()
  }

  override handleRowDescription({ fields }: Parameters<QueryInternals['handleRowDescription']>[0]): void {
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, parse: pg.types.getTypeParser(dataTypeID, 'text') }))
  }

  override handleDataRow({ fields }: Parameters<QueryInternals['handleDataRow']>[0]): void {
    const row: Record<string, unknown> = {}
    const columns = this.#columns ?? []
    for (let index = 0; index < columns.length; index += 1) {
      const column = columns[index]
      const text = fields[index]
      if (column !== undefined) row[column.name] = text === null || text === undefined ? null : column.parse(text)
    }
    this.#rows.push(row)
  }

  override handleCommandComplete({ text }: { readonly text: string }): void {
    this.#rowCount = countIn(text)
  }

  override handleReadyForQuery(): void {
    // A statement without rows has no description.
    if (!knownColumns.has(this.#statement)) knownColumns.set(this.#statement, this.#columns ?? [])
    this.callback(null)
    this.#resolve({ rows: this.#rows, rowCount: this.#rowCount })
  }
}

/** `isNamed`: the connection is one session. Rejects with the server's error, or with the connection's when that was lost first. */
export function runPrepared(
  client: pg.Client,
  statement: Statement,
  values: readonly unknown[],
  isNamed: boolean,
): Promise<PreparedResult> {
  return new Promise((resolve, reject) => {
    client.query(new PreparedQuery(statement, values, isNamed, resolve, reject) as unknown as pg.Submittable)
  })
}
