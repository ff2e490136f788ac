/**
 * Read-only check: refuses connections to a PostgreSQL that accepts no writes. After a failover the address may still lead to a standby or
 * to the old primary. Such a server answers reads from stale data, so an honest client would learn that its token is unknown.
 */
import type pg from 'pg'
import type { Statement } from './sql.js'

/** `on` at a standby, or if somebody set `default_transaction_read_only`. */
export const askIfReadOnly: Statement = {
  name: 'read_only',
  lane: 'read',
  text: `SELECT current_setting('transaction_read_only') = 'on' AS "readOnly"`,
}

export interface ReadOnlyAnswer {
  readonly readOnly: boolean
}

/** Throws if the session is read-only, with PostgreSQL's own code for a refused write (25006), which counts as an outage. */
export function demandWritable(answer: ReadOnlyAnswer | undefined): void {
  if (answer?.readOnly !== true) return
  throw Object.assign(new Error('the database is read-only'), { code: '25006', severity: 'ERROR' })
}

/** The same check for a new connection. */
export async function demandWritableClient(client: pg.ClientBase): Promise<void> {
  demandWritable((await client.query<ReadOnlyAnswer>(askIfReadOnly.text)).rows[0])
}
