/** The append-only record of security events. Callers pass no token, code, password or cookie. */
import type { Statement } from '../platform/database.js'
import type { Logger } from '../platform/log.js'
import type { Storage } from './storage.js'

/** Part of every sign-in and registration, so it goes the short way. */
const insert: Statement = {
  name: 'audit_event_insert',
  text: `INSERT INTO audit_events (at, type, account_id, client_id, detail)
    VALUES ($1::timestamptz, $2, $3, $4, $5::jsonb)`,
}

export type AuditEventType =
  | 'account.created'
  | 'account.password_changed'
  | 'account.linked'
  | 'assertion.accepted'
  | 'account.disabled'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'consent.allowed'
  | 'consent.denied'
  | 'client.invited'
  | 'client.registered'
  | 'client.removed'
  | 'client.changed'
  | 'grant.revoked'
  | 'token.revoked'
  | 'signed_out'
  | 'key.published'
  | 'key.activated'
  | 'key.removed'
  | 'key.revoked'

export interface AuditEntry {
  readonly type: AuditEventType
  readonly accountId?: string
  readonly clientId?: string
  readonly detail?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

export interface AuditTrail {
  /** Writes one event. A failure is logged and does not undo what happened. */
  record(entry: AuditEntry): Promise<void>
}

export function createAuditTrail(storage: Storage, log: Logger): AuditTrail {
  return {
    record: async ({ type, accountId, clientId, detail }) => {
      try {
        const values = [storage.clock.now().toISOString(), type, accountId ?? null, clientId ?? null]
        await storage.database.sql.query(insert, [...values, JSON.stringify(detail ?? {})])
      } catch (error) {
        log.error({ err: error, type }, 'audit event was not written')
      }
    },
  }
}
