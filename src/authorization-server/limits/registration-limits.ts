/**
 * Rate limits and access rules of dynamic registration (RFC 7591). A registration counts right before the client is stored: a request
 * that is refused for its content type, its metadata or its token stores nothing, so it uses nothing up. Requests themselves count as
 * `other` (usage-limits.ts). Owns no metadata rule. An invitation is used up where the client is stored.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { noteError } from '../../http/noted-error.js'
import { OAuthError } from '../../oauth/errors.js'
import type { RateLimit, RateLimits } from '../../storage/counters/rate-limits.js'
import type { RegistrationOptions } from '../options.js'
import { routes } from '../routes.js'
import { senderNetworks } from './sender.js'

const windowSeconds = 3600

/** Always JSON: nobody opens this endpoint in a browser. */
function refuse(ctx: HttpContext, error: OAuthError, header: Readonly<Record<string, string>>): void {
  noteError(ctx.state.event, { error: error.code, description: error.message })
  ctx.status = error.status
  ctx.set({ 'cache-control': 'no-store', ...header })
  ctx.body = error.toJSON()
}

/** True if the request creates or replaces a registration. */
function writesClient({ method, path }: HttpContext): boolean {
  if (method === 'POST') return path === routes.registration
  return method === 'PUT' && path.startsWith(`${routes.registration}/`)
}

/** Middleware ahead of the engine, for mode `token`: a registration without an initial access token is told where to get one. */
export function requireInvitation({ mode }: RegistrationOptions): HttpMiddleware {
  return async (ctx, next) => {
    const lacksToken = mode === 'token' && ctx.method === 'POST' && writesClient(ctx) && ctx.get('authorization') === ''
    if (!lacksToken) return next()
    const description = 'registration requires an initial access token: ask the operator of this server for one'
    return refuse(ctx, new OAuthError('invalid_token', description), { 'www-authenticate': 'Bearer' })
  }
}

/** Counts a client that is about to be stored. True: there were too many, and the request is refused; nothing may be stored. */
export type RegistrationGate = (ctx: HttpContext) => Promise<boolean>

export function createRegistrationGate(options: RegistrationOptions, limits: RateLimits): RegistrationGate {
  const { mode, limitPerAddress, limitTotal } = options
  const limit: RateLimit = {
    what: 'registration',
    windowSeconds,
    perAddress: limitPerAddress,
    // Invitations are a limit already. A caller without one could use up a total, and keep out those who were invited.
    total: mode === 'token' ? undefined : limitTotal,
  }
  return async (ctx) => {
    if (mode === 'open' || mode === 'closed' || !writesClient(ctx)) return false
    const excess = await limits.take(limit, senderNetworks(ctx))
    if (excess === undefined) return false
    // The client that the engine made was not stored.
    delete ctx.state.event.clientId
    const error = new OAuthError('temporarily_unavailable', 'too many registrations, try again later', { status: 429 })
    refuse(ctx, error, { 'retry-after': String(excess.retryAfterSeconds) })
    return true
  }
}
