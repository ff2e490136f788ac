/**
 * Refuses cross-site requests that a page makes a visitor's browser send without navigating (Fetch Metadata; OWASP ASVS 3.5.3).
 * Runs before every counter: a hidden form or an image could otherwise exhaust the limits of everybody who shares the visitor's
 * address.
 *
 * Routes for people accept cross-site navigations only. Endpoints for programs accept CORS calls of clients in browsers. They
 * refuse forms and `no-cors` requests, which no client sends. The remaining cross-site requests have counters of their own
 * (sender.ts). Requests without these headers come from programs or old browsers. They pass, except a GET that names a foreign
 * `Origin`: a browser sends one with a page's call, never when a person follows a link (Fetch standard, RFC 6454 §7.3).
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import { isFromForeignOrigin } from '../limits/sender.js'
import { PageError } from '../pages/page-error.js'
import { accountPath, connectPath, programEndpoints, routes } from '../routes.js'

const pages: readonly string[] = [
  routes.authorization,
  routes.code_verification,
  routes.end_session,
  '/interaction',
  accountPath,
  '/sign-in',
  connectPath,
  '/setup',
  '/invite',
  '/sign-up',
  '/verify',
]

/** Forms of other sites may lead here (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). All others are our own pages' forms. */
const takesForeignForms: ReadonlySet<string> = new Set([routes.authorization, routes.end_session])

/**
 * Forms of other sites may be sent on to these, and some old browsers keep the form's `Origin` on the way. A foreign one is counted there
 * (sender.ts), not refused.
 */
const followsForeignForms: ReadonlySet<string> = new Set([...takesForeignForms, '/interaction'])

function isPage(path: string): boolean {
  if (path === '/' || pages.includes(path)) return true
  return path !== routes.device_authorization && pages.some((page) => path.startsWith(`${page}/`))
}

/** A check without a page (OpenID Connect Core §3.1.2.1), which clients make in a hidden frame. */
function isSilent({ path, querystring }: HttpContext): boolean {
  return path === routes.authorization && new URLSearchParams(querystring).get('prompt') === 'none'
}

/** A page's call in a browser that sends no Fetch Metadata. */
function isOldCall(ctx: HttpContext): boolean {
  const [, first = ''] = ctx.path.split('/')
  return ctx.method !== 'POST' && isFromForeignOrigin(ctx) && !followsForeignForms.has(`/${first}`)
}

/** `origin`: ours. */
function isUnwanted(ctx: HttpContext, origin: string): boolean {
  const isForm = ctx.method === 'POST'
  const [site, mode, dest, from] = ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'origin'].map((name) =>
    ctx.get(name),
  )
  if (isForm && !takesForeignForms.has(ctx.path) && from !== '' && from !== origin) return true
  if (site === '') return isOldCall(ctx)
  if (site === 'same-origin' || site === 'none') return false
  if (isForm && !takesForeignForms.has(ctx.path)) return true
  if (mode !== 'navigate') return true
  if (dest === 'document') return false
  // Browsers send our cookies in frames of the same site alone, so elsewhere a frame could learn nothing.
  return !(site === 'same-site' && dest === 'iframe' && isSilent(ctx))
}

/** A form of another site, an image, or a call whose answer the page would not get to see. */
function isBlind(ctx: HttpContext): boolean {
  const [site, mode] = [ctx.get('sec-fetch-site'), ctx.get('sec-fetch-mode')]
  return (site === 'cross-site' || site === 'same-site') && (mode === 'no-cors' || mode === 'navigate')
}

/**
 * Two requests that a page elsewhere can make a browser send look like the person's own. A page fetched ahead of a visit (speculation
 * rules) says `Sec-Fetch-Site: none`. A WebSocket handshake has no Fetch Metadata; a proxy may drop its `Upgrade`, but passes
 * `Sec-WebSocket-Key` on. This server has nothing to fetch ahead and no WebSocket (`Sec-Purpose`, Fetch standard; RFC 6455 §4.1).
 */
function isAhead(ctx: HttpContext): boolean {
  return /\bprefetch\b/i.test(`${ctx.get('sec-purpose')} ${ctx.get('purpose')}`)
}

function isWebSocket(ctx: HttpContext): boolean {
  return /\bwebsocket\b/i.test(ctx.get('upgrade')) || ctx.get('sec-websocket-key') !== ''
}

/** Middleware ahead of all limits. `origin`: the issuer's. */
export function refuseCrossSite(origin: string): HttpMiddleware {
  return async (ctx, next) => {
    if (isAhead(ctx) || isWebSocket(ctx)) {
      throw new OAuthError(
        'invalid_request',
        'this server has no WebSocket, and no page that can be fetched ahead of a visit',
      )
    }
    if (isPage(ctx.path) && ctx.method !== 'OPTIONS' && isUnwanted(ctx, origin)) {
      throw new PageError('form-expired', 'access_denied', 403, {
        detail: 'cross-site request that is not a navigation',
      })
    }
    if (programEndpoints.has(ctx.path) && isBlind(ctx)) {
      throw new OAuthError('access_denied', 'another site sent this', { status: 403 })
    }
    return next()
  }
}
