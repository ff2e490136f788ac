/**
 * Only a server that writes is any use: a standby answers too, but what was stored a moment ago may be missing there, and an honest
 * client would be told that its token is unknown. A standby or an old primary is met when the address still leads there around
 * a failover.
 */
import type pg from 'pg'
import type { Statement } from './sql.js'

/** On in a standby, and where somebody has made databases read-only. */
export const askIfReadOnly: Statement = {
  name: 'read_only',
  lane: 'read',
  text: `SELECT current_setting('transaction_read_only') = 'on' AS "readOnly"`,
}

export interface ReadOnlyAnswer {
  readonly readOnly: boolean
}

/** Throws unless it writes, with what PostgreSQL itself says to a write (25006, an outage), as its driver's error. */
export function demandWritable(answer: ReadOnlyAnswer | undefined): void {
  if (answer?.readOnly !== true) return
  throw Object.assign(new Error('the database only reads'), { code: '25006', severity: 'ERROR' })
}

/** For a connection that has just come about. */
export async function demandWritableClient(client: pg.ClientBase): Promise<void> {
  demandWritable((await client.query<ReadOnlyAnswer>(askIfReadOnly.text)).rows[0])
}
