/** Turns the engine's events into the request's log line and the audit trail. Nothing here holds a token or code. */
import type { IncomingMessage } from 'node:http'
import type { Logger } from '../base/log.js'
import type { HttpContext, HttpMiddleware } from '../http/context.js'
import { noteError } from '../http/noted-error.js'
import { subjectHash } from '../oauth/subject-hash.js'
import type { AuditEntry, AuditTrail } from '../storage/audit/audit.js'
import { engineRequest } from './engine/engine-context.js'
import type { EngineListener } from './engine/engine-events.js'
import { namedGrantType } from './request-counts.js'
import { unitOf } from './units-of-work.js'

/** The engine does not wait for those who listen to its events. */
const recordsUnderWay = new WeakMap<IncomingMessage, Promise<void>[]>()

function recordBeforeAnswer({ req }: HttpContext, record: Promise<void>): void {
  recordsUnderWay.set(req, [...(recordsUnderWay.get(req) ?? []), record])
}

/**
 * Middleware right before the engine: which client asked, for whom, and how, once the engine has found that out. A grant type that
 * does not exist is a stranger's text: `other`. What the engine did is in the audit trail before it is answered.
 */
export const noteParties: HttpMiddleware = async (ctx, next) => {
  try {
    await next()
  } finally {
    const request = engineRequest(ctx)
    const { event } = ctx.state
    if (request?.client !== undefined) event.clientId = request.client.clientId
    const accountId = request?.entities.Account?.accountId
    if (accountId !== undefined) event.subjectHash = subjectHash(accountId)
    if (request?.route === 'token') event.grantType = namedGrantType(request.params?.['grant_type'])
    await Promise.all(recordsUnderWay.get(ctx.req) ?? [])
  }
}

/** For `listenToEngine`. */
export function createEventLog(log: Logger, audit: AuditTrail): EngineListener {
  /** Events of a change are written together with the change. */
  const tellChange = (ctx: HttpContext, entry: AuditEntry) => {
    unitOf(ctx)?.write(audit.event(entry, ctx.state.event))
  }
  return {
    failed: ({ state: { event } }, failure) => noteError(event, failure),
    broke: ({ state: { event } }, error) => {
      log.error({ err: error, requestId: event.requestId }, 'the engine failed')
    },
    grantRevoked: (ctx, { route, client, entities }) => {
      const { Grant: grant, RefreshToken: refreshToken, AccessToken: accessToken, AuthorizationCode: code } = entities
      const clientId = client?.clientId
      const accountId = (grant ?? refreshToken ?? accessToken ?? code)?.accountId
      const entry: AuditEntry = {
        type: 'grant.revoked',
        ...(clientId === undefined ? {} : { clientId }),
        ...(accountId === undefined ? {} : { accountId }),
        // The client gave it back (RFC 7009), or a code or refresh token was used a second time.
        detail: { reason: route === 'revocation' ? 'client' : 'reuse' },
      }
      recordBeforeAnswer(ctx, audit.record(entry, ctx.state.event))
    },
    clientRegistered: (ctx, { clientId }, isInvited) => {
      const by = isInvited ? { detail: { by: 'invitation' } } : {}
      tellChange(ctx, { type: 'client.registered', clientId, ...by })
    },
    clientChanged: (ctx, { clientId }) => tellChange(ctx, { type: 'client.changed', clientId }),
    clientRemoved: (ctx, { clientId }) => tellChange(ctx, { type: 'client.removed', clientId }),
    signOutAnswered: (ctx, { session, params }) => {
      const accountId = session?.accountId
      // Choosing to stay is an answer too. Without a session there is no event: a stranger could fill the table.
      const signedOut = accountId !== undefined && params?.['logout'] !== undefined
      if (signedOut) recordBeforeAnswer(ctx, audit.record({ type: 'signed_out', accountId }, ctx.state.event))
    },
  }
}
