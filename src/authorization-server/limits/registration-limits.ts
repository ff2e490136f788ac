/**
 * Rate limits and access rules of dynamic registration (RFC 7591), applied before the engine sees the request. Owns no metadata
 * rule. An invitation is used up where the client is stored.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import type { RateLimit, RateLimits } from '../../storage/counters/rate-limits.js'
import type { RegistrationOptions } from '../options.js'
import { routes } from '../routes.js'
import { senderNetworks } from './sender.js'

const windowSeconds = 3600

/** Always JSON: nobody opens this endpoint in a browser. */
function refuse(ctx: HttpContext, error: OAuthError, header: Readonly<Record<string, string>>): void {
  ctx.state.event['error'] = error.code
  ctx.status = error.status
  ctx.set({ 'cache-control': 'no-store', ...header })
  ctx.body = error.toJSON()
}

/** True if the request creates or replaces a registration. */
function writesClient({ method, path }: HttpContext): boolean {
  if (method === 'POST') return path === routes.registration
  return method === 'PUT' && path.startsWith(`${routes.registration}/`)
}

/** Middleware ahead of the engine. */
export function limitRegistration(options: RegistrationOptions, limits: RateLimits): HttpMiddleware {
  const { mode, limitPerAddress, limitTotal } = options
  const limit: RateLimit = {
    what: 'registration',
    windowSeconds,
    perAddress: limitPerAddress,
    // Invitations are a limit already. A caller without one could use up a total, and keep out those who were invited.
    total: mode === 'token' ? undefined : limitTotal,
  }
  return async (ctx, next) => {
    if (mode === 'open' || mode === 'closed' || !writesClient(ctx)) return next()
    const excess = await limits.take(limit, senderNetworks(ctx))
    if (excess !== undefined) {
      const description = 'too many registrations, try again later'
      const error = new OAuthError('temporarily_unavailable', description, { status: 429 })
      return refuse(ctx, error, { 'retry-after': String(excess.retryAfterSeconds) })
    }
    if (mode === 'token' && ctx.method === 'POST' && ctx.get('authorization') === '') {
      const description = 'registration requires an initial access token: ask the operator of this server for one'
      return refuse(ctx, new OAuthError('invalid_token', description), { 'www-authenticate': 'Bearer' })
    }
    return next()
  }
}
