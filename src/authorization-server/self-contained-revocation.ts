/**
 * Revocation (RFC 7009) of access tokens that verify themselves, which the engine refuses: their `jti` goes into the revocation feed.
 * The rest of their grant lives on; revoking the refresh token ends that.
 */
import { errors, type JWTPayload, jwtVerify } from 'jose'
import type { HttpMiddleware } from '../platform/http.js'
import type { AuditTrail } from '../storage/audit.js'
import { clockToleranceSeconds } from '../storage/engine-model.js'
import type { KeyRing } from '../storage/key-ring.js'
import { revokeAccessToken } from '../storage/revocations.js'
import type { Storage } from '../storage/storage.js'
import { refusedSelfContained } from './engine-client.js'
import { routes } from './routes.js'
import { accessTokenKeys } from './signing-key.js'

export interface SelfContainedRevocationParts {
  readonly issuer: string
  readonly storage: Storage
  readonly audit: AuditTrail
  readonly keyRing: Pick<KeyRing, 'follow'>
}

type ReadToken = (token: string) => Promise<JWTPayload | undefined>

/** Reads tokens that this server issued and that still live; `undefined` for everything else. */
function createReader({ issuer, storage, keyRing }: SelfContainedRevocationParts): ReadToken {
  let keys = accessTokenKeys([])
  keyRing.follow(({ signing }) => {
    keys = accessTokenKeys(signing)
  })
  const keyFor = ({ kid }: { kid?: string | undefined }) => {
    const key = keys.get(kid)
    if (key === undefined) throw new errors.JWKSNoMatchingKey()
    return key
  }
  return async (token) => {
    const currentDate = storage.clock.now()
    const rules = {
      issuer,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      currentDate,
      clockTolerance: clockToleranceSeconds,
    }
    try {
      return (await jwtVerify(token, keyFor, rules)).payload
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  }
}

/**
 * Middleware right before the engine. A token that is not the client's own, or not ours, or over, changes nothing and is answered
 * as if it had been revoked (RFC 7009 §2.2).
 */
export function revokeSelfContained(parts: SelfContainedRevocationParts): HttpMiddleware {
  const read = createReader(parts)
  return async (ctx, next) => {
    await next()
    if (ctx.path !== routes.revocation || ctx.method !== 'POST') return
    const refused = refusedSelfContained(ctx)
    if (refused === undefined) return
    const { clientId } = refused.client
    const { jti, aud, sub, client_id: holder } = (await read(refused.token)) ?? {}
    if (jti !== undefined && holder === clientId && (await revokeAccessToken(parts.storage, jti, [aud ?? []].flat()))) {
      const accountId = sub === undefined || sub === clientId ? {} : { accountId: sub }
      await parts.audit.record({ type: 'token.revoked', clientId, ...accountId }, ctx.state.event)
    }
    ctx.status = 200
    ctx.body = ''
  }
}
