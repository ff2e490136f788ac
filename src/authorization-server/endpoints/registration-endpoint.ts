/**
 * Makes each request that registers, updates or removes a client one unit of work: the engine decides, then the client, its
 * registration access token and the audit event are committed in one statement, before the answer leaves.
 */

import type { Sql } from '../../database/sql.js'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { formatChallenge } from '../../oauth/challenge.js'
import { OAuthError } from '../../oauth/errors.js'
import { ChangeRequest, withinChange } from '../../storage/clients/change-request.js'
import type { RegistrationGate } from '../limits/registration-limits.js'
import { routes } from '../routes.js'

function changesClient({ method, path }: HttpContext): boolean {
  return method !== 'GET' && (path === routes.registration || path.startsWith(`${routes.registration}/`))
}

/** As the engine says it of a token that is gone when it looks (RFC 6750 §3.1). */
function refuseToken(ctx: HttpContext, issuer: string): never {
  const error = new OAuthError('invalid_token', 'invalid token provided', {
    detail: 'the client was removed, or its token was used',
  })
  const parameters = { realm: issuer, error: error.code, error_description: error.message }
  ctx.set('www-authenticate', formatChallenge({ scheme: 'Bearer', parameters }))
  throw error
}

/** Middleware ahead of the engine. */
export function commitRegistrations(issuer: string, sql: Sql, exceedsLimit: RegistrationGate): HttpMiddleware {
  return async (ctx, next) => {
    if (!changesClient(ctx)) return next()
    const change = new ChangeRequest(sql)
    await withinChange(change, next)
    if (ctx.status >= 400 || (await exceedsLimit(ctx))) return
    if (!(await change.commit())) refuseToken(ctx, issuer)
  }
}
