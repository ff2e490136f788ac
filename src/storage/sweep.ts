/** Deletes what has expired and what nobody uses, in batches small enough never to hold up honest requests. */

import type { Logger } from '../base/log.js'
import { sweepRegularly } from '../base/sweeper.js'
import {
  batchSize,
  type Expiring,
  type OverdueRows,
  oldestOf,
  overdueRowsOf,
  sweepBatches,
  sweepOf,
} from '../database/expiring-rows.js'
import type { Statement } from '../database/sql.js'
import { declareStatement, moment, text } from '../database/table.js'
import { removeUnusedClients } from './clients/client-hygiene.js'
import type { Storage } from './storage.js'
import { auditEvents } from './tables.js'

const expiresAt = 'expires_at'

const expiring: readonly Expiring[] = [
  { table: 'ephemeral_artifacts', key: 'model, id_hash', expiry: expiresAt },
  { table: 'artifacts', key: 'model, id_hash', expiry: expiresAt },
  { table: 'sessions', key: 'uid', expiry: expiresAt },
  { table: 'grants', key: 'id', expiry: expiresAt },
  { table: 'used_challenges', key: 'challenge_hash', expiry: expiresAt },
  { table: 'setup_links', key: 'token_hash', expiry: expiresAt },
  { table: 'account_links', key: 'token_hash', expiry: expiresAt },
  { table: 'mails', key: 'id', expiry: expiresAt },
  { table: 'account_invitations', key: 'token_hash', expiry: expiresAt },
  { table: 'sign_in_throttles', key: 'key', expiry: 'resets_at' },
  { table: 'rate_limits', key: 'key', expiry: 'resets_at' },
  { table: 'client_documents', key: 'kind, url', expiry: 'usable_until' },
  { table: 'revocations', key: 'id', expiry: expiresAt },
]

const sweeps: readonly Statement[] = expiring.map((each) =>
  declareStatement(sweepOf(each), {}, { name: each.table, schema: 'auth' }, [each.table]),
)

/** The database lets nobody delete events but who says that their time is over (the migration `audit_append_only`). */
const sweepAudit = auditEvents.write(
  'sweep_audit_events',
  `WITH allowed AS MATERIALIZED (SELECT set_config('gatehouse.audit_retention', 'on', true) AS retention)
    DELETE FROM audit_events WHERE id IN (
      SELECT id FROM audit_events, allowed WHERE retention = 'on' AND at < $1::timestamptz
      ORDER BY at LIMIT ${batchSize} FOR UPDATE OF audit_events SKIP LOCKED)`,
)

function secondsAgo({ clock }: Pick<Storage, 'clock'>, seconds: number): Date {
  return new Date(clock.now().getTime() - seconds * 1_000)
}

/** Deletes audit events that are older than that; returns how many. */
export function sweepAuditEvents(storage: Storage, retentionSeconds: number): Promise<number> {
  return sweepBatches(storage.database.sql, sweepAudit, secondsAgo(storage, retentionSeconds))
}

/** Rows are kept this long past their expiry, well beyond the engine's clock tolerance. */
const keptSeconds = 300

/** Deletes one batch after the other until nothing expired is left; returns how many rows went. */
export async function sweepExpired(storage: Storage): Promise<number> {
  const limit = secondsAgo(storage, keptSeconds)
  let swept = 0
  for (const statement of sweeps) swept += await sweepBatches(storage.database.sql, statement, limit)
  return swept
}

const oldest = declareStatement(
  oldestOf('sweep_oldest', [...expiring, { table: 'audit_events', expiry: 'at' }]),
  { name: text, at: moment },
  auditEvents,
  [],
)

/** By table: since when its oldest row should be gone, in seconds; only those that should. */
export function overdueRows(
  { database: { sql }, clock }: Pick<Storage, 'database' | 'clock'>,
  auditRetentionSeconds: number | undefined,
): Promise<readonly OverdueRows[]> {
  const keptFor = (table: string) => (table === 'audit_events' ? auditRetentionSeconds : keptSeconds)
  return overdueRowsOf(sql, oldest, clock.now(), keptFor)
}

export interface SweeperOptions {
  /** How long a client that registered itself is kept after its last live access. */
  readonly idleClientSeconds: number
  /** How long audit events are kept; `undefined`: for ever. */
  readonly auditRetentionSeconds?: number | undefined
  readonly intervalSeconds?: number
  /** Watches each run. */
  readonly observe?: ((sweep: () => Promise<number>) => () => Promise<number>) | undefined
}

/** Sweeps every `intervalSeconds` until the returned function is called. */
export function startSweeper(storage: Storage, log: Logger, options: SweeperOptions): () => Promise<void> {
  const { idleClientSeconds, auditRetentionSeconds: retention } = options
  const sweep = async () => {
    const swept = await sweepExpired(storage)
    const events = retention === undefined ? 0 : await sweepAuditEvents(storage, retention)
    const clients = await removeUnusedClients(storage, idleClientSeconds)
    if (clients > 0) log.info({ clients }, 'unused client registrations removed')
    return swept + events + clients
  }
  return sweepRegularly(options.observe?.(sweep) ?? sweep, log, options.intervalSeconds)
}
