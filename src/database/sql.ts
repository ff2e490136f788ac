/**
 * Types of a single SQL statement and of the interface that runs it. The implementations are elsewhere: pipelines.ts,
 * embedded-statements.ts, database-guest.ts.
 */
/**
 * Statements of one lane wait for each other, never for those of another lane.
 *
 * - `read`: reads by key, quick whatever a caller sends.
 * - `write`: waits for the disk.
 * - `security`: guards other requests: rate limits, used DPoP proofs, API keys, revocations. Work that callers ask for must not delay it.
 * - `search`: takes as long as a caller's input makes it. Has a short time limit of its own.
 */
export type Lane = 'read' | 'write' | 'security' | 'search'

/** One prepared statement. `name` is unique per text: PostgreSQL prepares it once per connection. */
export interface Statement {
  readonly name: string
  readonly lane: Lane
  readonly text: string
}

/** A column, or what a statement returns: PostgreSQL's name of its type (`pg_type.typname`), and what it is in a row. */
export interface Column<Value> {
  readonly type: string
  readonly nullable: boolean
  /** Never set. */
  readonly value?: Value
}

/** The columns of rows of this type. */
export type ColumnsOf<Row> = { readonly [Name in keyof Row]-?: Column<Row[Name]> }

/** A statement that declares what it returns. */
export interface RowStatement<Row> extends Statement {
  readonly columns: ColumnsOf<Row>
}

export interface QueryResult<Row> {
  readonly rows: Row[]
  /** Rows written, or read. */
  readonly rowCount: number
}

/** The tiny seam under the hot paths: single statements, each its own transaction. Throws `outageError` for faults that pass. */
export interface Sql {
  query<Row>(statement: RowStatement<Row> | Statement, values: readonly unknown[]): Promise<QueryResult<Row>>
}
