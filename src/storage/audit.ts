/** The append-only record of security events. Callers pass no token, code, password or cookie. */
import type { Logger } from '../platform/log.js'
import type { Storage } from './storage.js'

export type AuditEventType =
  | 'account.created'
  | 'account.password_changed'
  | 'account.disabled'
  | 'sign_in.succeeded'
  | 'sign_in.failed'
  | 'consent.allowed'
  | 'consent.denied'
  | 'client.registered'
  | 'client.removed'
  | 'grant.revoked'
  | 'signed_out'

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
        await storage.prisma.auditEvent.create({
          data: {
            at: storage.clock.now(),
            type,
            accountId: accountId ?? null,
            clientId: clientId ?? null,
            detail: { ...detail },
          },
          select: { id: true },
        })
      } catch (error) {
        log.error({ err: error, type }, 'audit event was not written')
      }
    },
  }
}
