/**
 * Types of a single SQL statement and of the interface that runs it. The implementations are elsewhere: pipelines.ts,
 * embedded-statements.ts, database-guest.ts.
 */
/**
 * Statements of one lane wait for each other, but never for those of another lane.
 *
 * - `read`: reads by key, fast for any input.
 * - `write`: waits for the disk.
 * - `security`: guards other requests: rate limits, used DPoP proofs, API keys, revocations. Work that callers cause must not delay it.
 * - `search`: its time depends on the caller's input. It has its own short time limit.
 */
export type Lane = 'read' | 'write' | 'security' | 'search'

/** One prepared statement. `name` is unique per text: PostgreSQL prepares it once per connection. */
export interface Statement {
  readonly name: string
  readonly lane: Lane
  readonly text: string
}

/** A column of a table or result: PostgreSQL's name of its type (`pg_type.typname`), and its type in a row. */
export interface Column<Value> {
  readonly type: string
  readonly nullable: boolean
  /** Never set; carries the type. */
  readonly value?: Value
}

/** The columns of rows of this type. */
export type ColumnsOf<Row> = { readonly [Name in keyof Row]-?: Column<Row[Name]> }

/** A statement that declares its result. */
export interface RowStatement<Row> extends Statement {
  readonly columns: ColumnsOf<Row>
}

export interface QueryResult<Row> {
  readonly rows: Row[]
  /** Number of rows written or read. */
  readonly rowCount: number
}

/** The interface under the hot paths: single statements, each in its own transaction. Throws `outageError` for transient faults. */
export interface Sql {
  query<Row>(statement: RowStatement<Row> | Statement, values: readonly unknown[]): Promise<QueryResult<Row>>
}
