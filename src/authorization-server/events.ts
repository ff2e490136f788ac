/** Turns the engine's events into the request's log line and the audit trail. Nothing here holds a token or code. */
import type { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { KoaContextWithOIDC, default as Provider } from 'oidc-provider'
import type { Logger } from '../base/log.js'
import type { HttpMiddleware, RequestEvent } from '../http/context.js'
import { subjectHash } from '../oauth/subject-hash.js'
import type { AuditEntry, AuditTrail } from '../storage/audit/audit.js'
import { namedGrantType } from './request-counts.js'
import { unitOf } from './units-of-work.js'

/** The request's log event, which the HTTP base made. */
export function eventOf(ctx: KoaContextWithOIDC): RequestEvent | undefined {
  return ctx.state['event'] as RequestEvent | undefined
}

interface EngineError extends Error {
  readonly error?: string
  readonly error_detail?: string
}

function note(ctx: KoaContextWithOIDC, error: EngineError): void {
  const event = eventOf(ctx)
  if (event === undefined) return
  event['error'] = error.error ?? error.name
  // The detail the client does not get to see: which check failed.
  if (error.error_detail !== undefined) event['errorDetail'] = error.error_detail
}

const failures = [
  'authorization.error',
  'code_verification.error',
  'device_authorization.error',
  'device_resume.error',
  'grant.error',
  'introspection.error',
  'pushed_authorization_request.error',
  'registration_create.error',
  'registration_update.error',
  'registration_read.error',
  'registration_delete.error',
  'revocation.error',
  'userinfo.error',
  'end_session.error',
] as const

/** The engine does not wait for those who listen to its events. */
const recordsUnderWay = new WeakMap<IncomingMessage, Promise<void>[]>()

function recordBeforeAnswer({ req }: KoaContextWithOIDC, record: Promise<void>): void {
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
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    const { event } = ctx.state
    if (oidc?.client !== undefined) event['clientId'] = oidc.client.clientId
    const accountId = oidc?.entities.Account?.accountId
    if (accountId !== undefined) event['subjectHash'] = subjectHash(accountId)
    if (oidc?.route === 'token') event['grantType'] = namedGrantType(oidc.params?.['grant_type'])
    await Promise.all(recordsUnderWay.get(ctx.req) ?? [])
  }
}

export function observe(provider: Provider, log: Logger, audit: AuditTrail): void {
  // The typed overloads name every event; these share one shape.
  const emitter: EventEmitter = provider
  for (const name of failures) emitter.on(name, note)
  provider.on('server_error', (ctx, error) => {
    note(ctx, error)
    log.error({ err: error, requestId: eventOf(ctx)?.requestId }, 'the engine failed')
  })
  /** Events of a change are written together with the change. */
  const tellChange = (ctx: KoaContextWithOIDC, entry: AuditEntry) => {
    unitOf(ctx)?.write(audit.event(entry, eventOf(ctx)))
  }
  provider.on('grant.revoked', (ctx) => {
    const {
      Grant: grant,
      RefreshToken: refreshToken,
      AccessToken: accessToken,
      AuthorizationCode: code,
    } = ctx.oidc.entities
    const clientId = ctx.oidc.client?.clientId
    const accountId = (grant ?? refreshToken ?? accessToken ?? code)?.accountId
    const entry: AuditEntry = {
      type: 'grant.revoked',
      ...(clientId === undefined ? {} : { clientId }),
      ...(accountId === undefined ? {} : { accountId }),
      // The client gave it back (RFC 7009), or a code or refresh token was used a second time.
      detail: { reason: ctx.oidc.route === 'revocation' ? 'client' : 'reuse' },
    }
    recordBeforeAnswer(ctx, audit.record(entry, eventOf(ctx)))
  })
  provider.on('registration_create.success', (ctx, client) => {
    const invited = ctx.oidc.entities.InitialAccessToken !== undefined
    const by = invited ? { detail: { by: 'invitation' } } : {}
    tellChange(ctx, { type: 'client.registered', clientId: client.clientId, ...by })
  })
  provider.on('registration_update.success', (ctx, client) => {
    tellChange(ctx, { type: 'client.changed', clientId: client.clientId })
  })
  provider.on('registration_delete.success', (ctx, client) => {
    tellChange(ctx, { type: 'client.removed', clientId: client.clientId })
  })
  provider.on('end_session.success', (ctx) => {
    const accountId = ctx.oidc.session?.accountId
    // Choosing to stay is an answer too. Without a session there is no event: a stranger could fill the table.
    const signedOut = accountId !== undefined && ctx.oidc.params?.['logout'] !== undefined
    if (signedOut) recordBeforeAnswer(ctx, audit.record({ type: 'signed_out', accountId }, eventOf(ctx)))
  })
}
