/**
 * Revocation (RFC 7009) of JWT access tokens, which the engine refuses: their `jti` goes into the revocation feed. The rest of
 * the grant lives on; revoking the refresh token ends it.
 */
import type { HttpMiddleware } from '../../http/context.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { revokeAccessToken } from '../../storage/revocations/revocations.js'
import type { Storage } from '../../storage/storage.js'
import { refusedToken } from '../engine/engine-events.js'
import { routes } from '../routes.js'
import type { ReadSelfContained } from './self-contained-tokens.js'

export interface SelfContainedRevocationParts {
  readonly storage: Storage
  readonly audit: AuditTrail
  readonly read: ReadSelfContained
}

/**
 * Middleware right before the engine. A token that is not the client's own, or not ours, or over, changes nothing and is answered
 * as if it had been revoked (RFC 7009 §2.2).
 */
export function revokeSelfContained({ read, ...parts }: SelfContainedRevocationParts): HttpMiddleware {
  return async (ctx, next) => {
    await next()
    if (ctx.path !== routes.revocation || ctx.method !== 'POST') return
    const refused = refusedToken(ctx)
    if (refused === undefined) return
    const { clientId } = refused.client
    const { jti, aud, sub, client_id: holder } = (await read(refused.token, clockToleranceSeconds))?.claims ?? {}
    if (jti !== undefined && holder === clientId && (await revokeAccessToken(parts.storage, jti, [aud ?? []].flat()))) {
      const accountId = sub === undefined || sub === clientId ? {} : { accountId: sub }
      await parts.audit.record({ type: 'token.revoked', clientId, ...accountId }, ctx.state.event)
    }
    ctx.status = 200
    ctx.body = ''
  }
}
