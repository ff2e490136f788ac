/** Deletes what has expired and what nobody uses, in batches small enough never to hold up honest requests. */
import type { Statement } from '../platform/database.js'
import type { Logger } from '../platform/log.js'
import { sweepRegularly } from '../platform/sweeper.js'
import { removeUnusedClients } from './client-hygiene.js'
import type { Storage } from './storage.js'

const batchSize = 500

interface Expiring {
  readonly table: string
  readonly key: string
  readonly expiry: string
}

function sweepOf({ table, key, expiry }: Expiring): Statement {
  return {
    name: `sweep_${table}`,
    text: `DELETE FROM ${table} WHERE (${key}) IN (
      SELECT ${key} FROM ${table} WHERE ${expiry} < $1::timestamptz ORDER BY ${expiry} LIMIT ${batchSize} FOR UPDATE SKIP LOCKED)`,
  }
}

const expiresAt = 'expires_at'

const expiring: readonly Expiring[] = [
  { table: 'ephemeral_artifacts', key: 'model, id_hash', expiry: expiresAt },
  { table: 'artifacts', key: 'model, id_hash', expiry: expiresAt },
  { table: 'sessions', key: 'uid', expiry: expiresAt },
  { table: 'grants', key: 'id', expiry: expiresAt },
  { table: 'setup_links', key: 'token_hash', expiry: expiresAt },
  { table: 'sign_in_throttles', key: 'key', expiry: 'resets_at' },
  { table: 'rate_limits', key: 'key', expiry: 'resets_at' },
  { table: 'client_documents', key: 'kind, url', expiry: 'usable_until' },
  { table: 'revocations', key: 'id', expiry: expiresAt },
]

const sweeps: readonly Statement[] = expiring.map(sweepOf)

/** The database lets nobody delete events but who says that their time is over (the migration `audit_append_only`). */
const sweepAudit: Statement = {
  name: 'sweep_audit_events',
  text: `WITH allowed AS MATERIALIZED (SELECT set_config('gatehouse.audit_retention', 'on', true) AS retention)
    DELETE FROM audit_events WHERE id IN (
      SELECT id FROM audit_events, allowed WHERE retention = 'on' AND at < $1::timestamptz
      ORDER BY at LIMIT ${batchSize} FOR UPDATE OF audit_events SKIP LOCKED)`,
}

async function sweepBatches(storage: Storage, statement: Statement, limit: string): Promise<number> {
  let swept = 0
  for (let deleted = batchSize; deleted === batchSize; swept += deleted) {
    deleted = (await storage.database.sql.query(statement, [limit])).rowCount
  }
  return swept
}

/** Deletes audit events that are older than that; returns how many. */
export function sweepAuditEvents(storage: Storage, retentionSeconds: number): Promise<number> {
  const limit = new Date(storage.clock.now().getTime() - retentionSeconds * 1000).toISOString()
  return sweepBatches(storage, sweepAudit, limit)
}

/** Rows are kept this long past their expiry, well beyond the engine's clock tolerance. */
const keptSeconds = 300

/** Deletes one batch after the other until nothing expired is left; returns how many rows went. */
export async function sweepExpired(storage: Storage): Promise<number> {
  const limit = new Date(storage.clock.now().getTime() - keptSeconds * 1000).toISOString()
  let swept = 0
  for (const statement of sweeps) swept += await sweepBatches(storage, statement, limit)
  return swept
}

const readOldest: Statement = {
  name: 'sweep_oldest',
  text: `SELECT name, at FROM (${[
    ...expiring.map(({ table, expiry }) => `SELECT '${table}' AS name, min(${expiry}) AS at FROM ${table}`),
    `SELECT 'audit_events', min(at) FROM audit_events`,
  ].join(' UNION ALL ')}) oldest WHERE at IS NOT NULL`,
}

/** By table: since when its oldest row should be gone, in seconds; only those that should. */
export async function overdueRows(
  { database: { sql }, clock }: Pick<Storage, 'database' | 'clock'>,
  auditRetentionSeconds: number | undefined,
): Promise<readonly { readonly table: string; readonly seconds: number }[]> {
  const { rows } = await sql.query<{ name: string; at: Date }>(readOldest, [])
  const now = clock.now().getTime()
  return rows.flatMap(({ name, at }) => {
    const kept = name === 'audit_events' ? auditRetentionSeconds : keptSeconds
    const seconds = kept === undefined ? 0 : (now - at.getTime()) / 1_000 - kept
    return seconds > 0 ? [{ table: name, seconds }] : []
  })
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
