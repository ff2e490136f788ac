/**
 * Stands before dynamic registration (RFC 7591): how often it may be used, and by whom. Owns no metadata rule, and not the use of
 * an invitation, which happens where the client is stored.
 */
import { OAuthError } from '../oauth/errors.js'
import { clientNetwork } from '../platform/client-network.js'
import type { HttpContext, HttpMiddleware } from '../platform/http.js'
import type { RateLimits } from '../storage/rate-limits.js'
import type { RegistrationOptions } from './options.js'
import { routes } from './routes.js'

const windowSeconds = 3600

/** Always JSON: nobody opens this endpoint in a browser. */
function refuse(ctx: HttpContext, error: OAuthError, header: Readonly<Record<string, string>>): void {
  ctx.state.event['error'] = error.code
  ctx.status = error.status
  ctx.set({ 'cache-control': 'no-store', ...header })
  ctx.body = error.toJSON()
}

/** A client is made, or made anew. The engine takes its path in any case. */
function writesClient({ method, path }: HttpContext): boolean {
  const isEndpoint = path === routes.registration
  return (
    (method === 'POST' && isEndpoint) || (method === 'PUT' && path.toLowerCase().startsWith(`${routes.registration}/`))
  )
}

/** Middleware ahead of the engine. */
export function limitRegistration(options: RegistrationOptions, limits: RateLimits): HttpMiddleware {
  const { mode, limitPerAddress, limitTotal } = options
  return async (ctx, next) => {
    if (mode === 'open' || mode === 'closed' || !writesClient(ctx)) return next()
    const excess = await limits.take(
      { key: `registration from ${clientNetwork(ctx.state.clientAddress)}`, limit: limitPerAddress, windowSeconds },
      { key: 'registration', limit: limitTotal, windowSeconds },
    )
    if (excess !== undefined) {
      const error = new OAuthError('temporarily_unavailable', 'too many registrations, try again later', {
        status: 429,
      })
      return refuse(ctx, error, { 'retry-after': String(excess.retryAfterSeconds) })
    }
    if (mode === 'token' && ctx.method === 'POST' && ctx.get('authorization') === '') {
      const error = new OAuthError(
        'invalid_token',
        'registration needs an initial access token: ask the people who run this server for one',
      )
      return refuse(ctx, error, { 'www-authenticate': 'Bearer' })
    }
    return next()
  }
}
