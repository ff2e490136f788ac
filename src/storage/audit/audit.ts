/**
 * The append-only record of security events: a row each, which the database lets nobody change, and a log line that names the
 * person only by a hash. Callers pass no token, code, password or cookie.
 */

import type { Logger } from '../../base/log.js'
import { type Write, writeTogether } from '../../database/writes.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import type { Storage } from '../storage.js'
import { auditEvents } from '../tables.js'

/** Part of every sign-in and registration, so it goes the short way. */
const insertion = auditEvents.insertion('at', 'type', 'account_id', 'client_id', 'detail')
const insert = auditEvents.insertPart('audit', insertion)

export type AuditEventType =
  | 'account.created'
  | 'account.invited'
  | 'account.password_changed'
  | 'account.reset_link'
  | 'account.linked'
  | 'account.unlinked'
  | 'assertion.accepted'
  | 'account.disabled'
  | 'account.removed'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'consent.allowed'
  | 'consent.handed_off'
  | 'consent.denied'
  | 'factor.added'
  | 'factor.removed'
  | 'client.invited'
  | 'client.registered'
  | 'client.removed'
  | 'client.changed'
  | 'grant.narrowed'
  | 'grant.revoked'
  | 'token.revoked'
  | 'refresh.reissued'
  | 'signed_out'
  | 'key.published'
  | 'key.activated'
  | 'key.removed'
  | 'key.revoked'
  | 'access.ended'
  | 'resource.added'
  | 'resource.changed'
  | 'resource.removed'
  | 'resource.proposed'
  | 'group.added'
  | 'group.changed'
  | 'group.removed'
  | 'group.member_added'
  | 'group.member_removed'
  | 'declarations.applied'

export interface AuditEntry {
  readonly type: AuditEventType
  readonly accountId?: string
  readonly clientId?: string
  readonly detail?: Readonly<Record<string, string | number | boolean | readonly string[]>>
}

/** The request an event happened in, whose log line has the same id. */
export type EventRequest = { readonly requestId: string }

export interface AuditTrail {
  /** Writes one event. A failure is logged and does not undo what happened. */
  record(entry: AuditEntry, request?: EventRequest): Promise<void>
  /** One event that is written with what happened, or neither is. */
  event(entry: AuditEntry, request?: EventRequest): Write
}

/** Told of each event that was written, or could not be. */
export type AuditObserver = (type: AuditEventType, isWritten: boolean) => void

export function createAuditTrail(storage: Storage, log: Logger, observer?: AuditObserver): AuditTrail {
  const rowOf = ({ type, accountId, clientId, detail }: AuditEntry, request?: EventRequest): Write => {
    const parties = { account_id: accountId ?? null, client_id: clientId ?? null }
    const row = { at: storage.clock.now(), type, ...parties, detail: { ...detail, ...idOf(request) } }
    return { text: insert, values: insertion.values(row) }
  }
  const tell = ({ type, accountId, clientId, detail }: AuditEntry, request?: EventRequest): void => {
    const person = accountId === undefined ? {} : { subjectHash: subjectHash(accountId) }
    log.info({ event: type, ...idOf(request), clientId, ...person, ...detail }, 'security event')
  }
  return {
    record: async (entry, request) => {
      tell(entry, request)
      const { type } = entry
      try {
        await writeTogether(storage.database.sql, [rowOf(entry, request)])
        observer?.(type, true)
      } catch (error) {
        log.error({ err: error, type, ...idOf(request) }, 'audit event was not written')
        observer?.(type, false)
      }
    },
    event: (entry, request) => ({
      ...rowOf(entry, request),
      onWritten: () => {
        tell(entry, request)
        observer?.(entry.type, true)
      },
    }),
  }
}

function idOf(request: EventRequest | undefined): { requestId?: string } {
  return request === undefined ? {} : { requestId: request.requestId }
}
