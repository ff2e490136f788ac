/**
 * Sends one statement over a connection of pg. `plainly` is pg's own way. `preparedQueryOf` does the same without pg's repeated work: pg
 * copies the options of each query, requests the column names each time and looks up their parsers again. A statement's text determines its
 * columns, so the class requests them once per process. Only for statements that list their columns: the result of `SELECT *` could change.
 *
 * The class replaces members of pg's query class that pg does not document. So it is used only if pg has all of them, and everything works
 * without it. `npm run bench -- statements` measures the gain.
 */
import pg from 'pg'
import type { Statement } from './sql.js'

interface KnownColumn {
  readonly name: string
  readonly parse: (text: string) => unknown
}

interface Connection {
  parse(statement: { readonly name: string; readonly text: string }): void
  bind(portal: { readonly statement: string; readonly values: readonly Value[] }): void
  execute(portal: object): void
  sync(): void
}

/** Members of pg's query class that are missing from its types. */
interface QueryInternals {
  text: string
  name: string
  /** `extended`: never use the simple protocol, not even without values. */
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

type QueryClass = new (text: string) => QueryInternals

/** For every statement that was answered once. Statements are constants. */
const knownColumns = new WeakMap<Statement, readonly KnownColumn[]>()

/** `INSERT 0 3`, `UPDATE 3`, `SELECT 3`. */
function countIn(commandTag: string): number {
  return Number(commandTag.slice(commandTag.lastIndexOf(' ') + 1)) || 0
}

type Value = string | Buffer | null

/** The internals of pg that the class needs. */
interface Internals {
  readonly Query: QueryClass
  readonly prepareValue: (value: unknown) => Value
}

/** Applies to its transaction: everything sent before the next `sync`. In milliseconds. */
const setTimeLimit = "SELECT set_config('statement_timeout', $1, true)"

export interface PreparedOptions {
  /** The connection is one session, so the statement can be prepared by name. */
  readonly isNamed: boolean
  /** Sent as the time limit of this statement only, if the session has none. */
  readonly limitMs?: number | undefined
}

/** The value in the protocol's format. Only lists need more than their text. */
function toValue(value: unknown, prepareValue: Internals['prepareValue']): Value {
  if (typeof value === 'string') return value
  if (value === null || value === undefined) return null
  return typeof value === 'object' ? prepareValue(value) : String(value)
}

export interface PreparedResult {
  readonly rows: Record<string, unknown>[]
  readonly rowCount: number
}

function preparedQueryClass({ Query, prepareValue }: Internals) {
  return class PreparedQuery extends Query {
    readonly #statement: Statement
    readonly #rows: Record<string, unknown>[] = []
    readonly #resolve: (result: PreparedResult) => void
    #columns: readonly KnownColumn[] | undefined
    #rowCount = 0
    readonly #limitMs: number | undefined
    /** The answer to the time limit arrives first. */
    #isLimitAnswered: boolean

    constructor(
      statement: Statement,
      values: readonly unknown[],
      { isNamed, limitMs }: PreparedOptions,
      resolve: (result: PreparedResult) => void,
      reject: (error: Error) => void,
    ) {
      super(statement.text)
      this.name = isNamed ? statement.name : ''
      this.queryMode = 'extended'
      this.#statement = statement
      this.values = values.map((value) => toValue(value, prepareValue))
      this.#resolve = resolve
      this.#columns = knownColumns.get(statement)
      this.#limitMs = limitMs
      this.#isLimitAnswered = limitMs === undefined
      // Success ends in `handleReadyForQuery`. pg wraps this callback to stop its time-out.
      this.callback = (error) => {
        if (error !== null) reject(error)
      }
    }

    override prepare(connection: Connection): void {
      if (this.#limitMs !== undefined) {
        connection.parse({ name: '', text: setTimeLimit })
        connection.bind({ statement: '', values: [String(this.#limitMs)] })
        connection.execute({})
      }
      // Parses the statement if this connection has not done so, and requests its columns.
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
      this.#columns = fields.map(({ name, dataTypeID }) => ({
        name,
        parse: pg.types.getTypeParser(dataTypeID, 'text'),
      }))
    }

    override handleDataRow({ fields }: Parameters<QueryInternals['handleDataRow']>[0]): void {
      if (!this.#isLimitAnswered) return
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
      if (!this.#isLimitAnswered) {
        this.#isLimitAnswered = true
        return
      }
      this.#rowCount = countIn(text)
    }

    override handleReadyForQuery(): void {
      // A statement that returns no rows has no description.
      if (!knownColumns.has(this.#statement)) knownColumns.set(this.#statement, this.#columns ?? [])
      this.callback(null)
      this.#resolve({ rows: this.#rows, rowCount: this.#rowCount })
    }
  }
}

/** Sends one statement. Rejects with the server's error, or with the connection's error if it was lost first. */
export type SendStatement = (
  client: pg.Client,
  statement: Statement,
  values: readonly unknown[],
  options: PreparedOptions,
) => Promise<PreparedResult>

const queryMembers = [
  'submit',
  'prepare',
  'hasBeenParsed',
  'handleError',
  'handleRowDescription',
  'handleDataRow',
  'handleCommandComplete',
  'handleReadyForQuery',
]
const connectionMembers = ['parse', 'bind', 'describe', 'execute', 'sync']

function memberOf(value: unknown, name: string): unknown {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
    ? Reflect.get(value, name)
    : undefined
}

function hasMethods(theClass: unknown, names: readonly string[]): boolean {
  return names.every((name) => typeof memberOf(memberOf(theClass, 'prototype'), name) === 'function')
}

function internalsOf(driver: unknown): Internals | undefined {
  const [Query, prepareValue] = [memberOf(driver, 'Query'), memberOf(memberOf(driver, 'utils'), 'prepareValue')]
  const isKnown =
    typeof prepareValue === 'function' &&
    hasMethods(Query, queryMembers) &&
    hasMethods(memberOf(driver, 'Connection'), connectionMembers)
  // The types lack these members; the code above checked for them.
  return isKnown ? { Query: Query as QueryClass, prepareValue: prepareValue as Internals['prepareValue'] } : undefined
}

/** The fast way through `driver`, a version of pg; `undefined` if it lacks the members that the class replaces. */
export function preparedQueryOf(driver: unknown): SendStatement | undefined {
  const internals = internalsOf(driver)
  if (internals === undefined) return undefined
  const PreparedQuery = preparedQueryClass(internals)
  return (client, statement, values, options) =>
    new Promise((resolve, reject) => {
      client.query(new PreparedQuery(statement, values, options, resolve, reject) as unknown as pg.Submittable)
    })
}

/** Uses documented features of pg only. A time limit for the statement needs a transaction, which is sent at once. */
export const plainly: SendStatement = async (client, { name, text }, values, { isNamed, limitMs }) => {
  const query = () => client.query({ text, values: [...values], ...(isNamed && { name }) })
  const within = (limit: number) => [
    client.query('BEGIN'),
    client.query(setTimeLimit, [String(limit)]),
    query(),
    client.query('COMMIT'),
  ]
  const sent = limitMs === undefined ? [query()] : within(limitMs)
  const answers = await Promise.allSettled(sent)
  const [asked, ...others] = limitMs === undefined ? answers : [answers[2], ...answers]
  for (const answer of [asked, ...others]) if (answer?.status === 'rejected') throw answer.reason
  if (asked?.status !== 'fulfilled') throw new Error('a statement was not sent')
  return { rows: asked.value.rows, rowCount: asked.value.rowCount ?? 0 }
}

/** The fast way, or pg's own if this version does not support it. */
export const sendStatement: SendStatement = preparedQueryOf(pg) ?? plainly
