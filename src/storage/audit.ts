/**
 * The append-only record of security events: a row each, which the database lets nobody change, and a log line that names the
 * person only by a hash. Callers pass no token, code, password or cookie.
 */
import { subjectHash } from '../oauth/subject-hash.js'
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
  | 'access.ended'

export interface AuditEntry {
  readonly type: AuditEventType
  readonly accountId?: string
  readonly clientId?: string
  readonly detail?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

export interface AuditTrail {
  /**
   * Writes one event. A failure is logged and does not undo what happened. `request`: the request it happened in, whose log line
   * has the same id.
   */
  record(entry: AuditEntry, request?: { readonly requestId: string }): Promise<void>
}

/** Told of each event that was written, or could not be. */
export type AuditObserver = (type: AuditEventType, isWritten: boolean) => void

export function createAuditTrail(storage: Storage, log: Logger, observer?: AuditObserver): AuditTrail {
  return {
    record: async ({ type, accountId, clientId, detail }, request) => {
      const requestId = request === undefined ? {} : { requestId: request.requestId }
      const person = accountId === undefined ? {} : { subjectHash: subjectHash(accountId) }
      log.info({ event: type, ...requestId, clientId, ...person, ...detail }, 'security event')
      try {
        const values = [storage.clock.now().toISOString(), type, accountId ?? null, clientId ?? null]
        await storage.database.sql.query(insert, [...values, JSON.stringify({ ...detail, ...requestId })])
        observer?.(type, true)
      } catch (error) {
        log.error({ err: error, type, ...requestId }, 'audit event was not written')
        observer?.(type, false)
      }
    },
  }
}
