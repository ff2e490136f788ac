/** Rows that expire in the MCP server's database: used proofs (`proof-replays.ts`) and full buckets (`shared-buckets.ts`). */
import type { Clock } from '../base/clock.js'
import {
  type Expiring,
  type OverdueRows,
  oldestOf,
  overdueRowsOf,
  sweepBatches,
  sweepOf,
} from '../database/expiring-rows.js'
import type { Sql } from '../database/sql.js'
import { declareStatement, moment, text } from '../database/table.js'
import { callBuckets } from './tables.js'

const expiring: readonly Expiring[] = [
  { table: 'used_proofs', key: 'id_hash', expiry: 'expires_at' },
  { table: 'call_buckets', key: 'key', expiry: 'full_at' },
]
const sweeps = expiring.map((each) =>
  declareStatement(sweepOf(each), {}, { name: each.table, schema: 'notes' }, [each.table]),
)
const oldest = declareStatement(oldestOf('sweep_oldest_calls', expiring), { name: text, at: moment }, callBuckets, [])

/** Rows are kept this long after their expiry, because the clocks of replicas differ. */
const keptSeconds = 60

/** Deletes expired rows in batches; returns the number of deleted rows. */
export async function sweepExpiredRows(sql: Sql, clock: Clock): Promise<number> {
  const limit = new Date(clock.now().getTime() - keptSeconds * 1_000)
  let swept = 0
  for (const statement of sweeps) swept += await sweepBatches(sql, statement, limit)
  return swept
}

/** Rows that should be deleted by now, for the local doctor. */
export function overdueNotesRows(sql: Sql, clock: Clock): Promise<readonly OverdueRows[]> {
  return overdueRowsOf(sql, oldest, clock.now(), () => keptSeconds)
}
