/**
 * Makes each token request one unit of work: the engine decides, then everything it wrote is committed in one statement. What
 * the commit finds (someone else was first, or this is a repeated refresh) becomes the answer.
 */
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import type { PresentedCredential } from '../../storage/grants/credential.js'
import { revokeGrant } from '../../storage/grants/grants.js'
import { TokenRequest, withinTokenRequest } from '../../storage/grants/token-request.js'
import type { Storage } from '../../storage/storage.js'
import { refusedSelfContained } from '../engine/engine-client.js'
import type { TokenGate } from '../limits/usage-limits.js'
import { formParametersOf } from './parameters.js'
import type { IntrospectSelfContained } from './self-contained-introspection.js'

function isTokenResponse(body: unknown): body is Record<string, unknown> {
  return typeof body === 'object' && body !== null && 'access_token' in body
}

/** The code or refresh token in the request, so that it can be read together with the client. */
function presentedCredential(parameters: URLSearchParams | undefined): PresentedCredential | undefined {
  const code = parameters?.get('code')
  const refreshToken = parameters?.get('refresh_token')
  switch (parameters?.get('grant_type')) {
    case 'authorization_code':
      return code ? { model: 'AuthorizationCode', value: code } : undefined
    case 'refresh_token':
      return refreshToken ? { model: 'RefreshToken', value: refreshToken } : undefined
    default:
      return undefined
  }
}

/** Ends the family of a credential that was used twice: the engine sees only uses one after the other, not those at once. */
async function endFamily(storage: Storage, audit: AuditTrail, grantId: string, { state }: HttpContext): Promise<void> {
  const holder = await revokeGrant(storage, grantId)
  if (holder !== undefined)
    await audit.record({ type: 'grant.revoked', ...holder, detail: { reason: 'reuse' } }, state.event)
}

/** As the engine says it: which of several reasons it was is not for the client. */
function refuseGrant(ctx: HttpContext): void {
  ctx.state.event['error'] = 'invalid_grant'
  ctx.status = 400
  ctx.body = { error: 'invalid_grant', error_description: 'grant request is invalid' }
}

/** Middleware of the token endpoint. Only a successful answer is committed: a refused request consumes nothing. */
export function commitTokenRequests(storage: Storage, audit: AuditTrail, isTooMuch: TokenGate): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.method !== 'POST') return next()
    const request = new TokenRequest(storage, presentedCredential(formParametersOf(ctx)))
    await withinTokenRequest(request, next)
    if (ctx.status !== 200 || !isTokenResponse(ctx.body)) return
    if (isTooMuch(ctx)) return
    const outcome = await request.commit((parties) =>
      audit.event({ type: 'refresh.reissued', ...parties }, ctx.state.event),
    )
    ctx.state.event['outcome'] = outcome.kind
    switch (outcome.kind) {
      case 'committed':
        return
      case 'successor':
        ctx.body = { ...ctx.body, refresh_token: outcome.refreshToken }
        return
      case 'replayed':
        await endFamily(storage, audit, outcome.grantId, ctx)
        return refuseGrant(ctx)
      case 'used':
        ctx.state.event['errorDetail'] = 'the assertion was used before'
        return refuseGrant(ctx)
      case 'lost':
        return refuseGrant(ctx)
    }
  }
}

/**
 * Middleware of the introspection endpoint: what the engine asks the database, one look-up after the other, is read at once. Tokens
 * that verify themselves are none of those it answers for: `introspect` does, for callers that have authenticated.
 */
export function introspectInOneRead(storage: Storage, introspect: IntrospectSelfContained): HttpMiddleware {
  return async (ctx, next) => {
    const token = formParametersOf(ctx)?.get('token')
    if (!token) return next()
    await withinTokenRequest(new TokenRequest(storage, { model: 'any token', value: token }), next)
    const refused = refusedSelfContained(ctx)
    if (refused === undefined) return
    ctx.body = await introspect(refused.token, refused.client)
    ctx.status = 200
  }
}
