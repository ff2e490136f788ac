/**
 * Refuses what a page of another site makes a visitor's browser send without the visitor going anywhere (Fetch Metadata; OWASP ASVS
 * 3.5.3). Stands ahead of everything that counts: a hidden form or an image could otherwise use up the limits of everybody who shares the
 * visitor's address.
 *
 * Only endpoints that people see are guarded. Clients in browsers call the token, registration, userinfo and metadata endpoints from
 * other origins (CORS), and nothing there rests on cookies. Requests without these headers come from programs or old browsers, and pass.
 */
import type { HttpContext, HttpMiddleware } from '../platform/http.js'
import { PageError } from './page-error.js'
import { connectPath, routes } from './routes.js'

const pages: readonly string[] = [
  routes.authorization,
  routes.code_verification,
  routes.end_session,
  '/interaction',
  connectPath,
  '/setup',
]

/** Forms of other sites may lead here (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). All others are our own pages' forms. */
const takesForeignForms: ReadonlySet<string> = new Set([routes.authorization, routes.end_session])

function isPage(path: string): boolean {
  if (path === '/' || pages.includes(path)) return true
  return path !== routes.device_authorization && pages.some((page) => path.startsWith(`${page}/`))
}

/** A check without a page (OpenID Connect Core §3.1.2.1), which clients make in a hidden frame. */
function isSilent({ path, querystring }: HttpContext): boolean {
  return path === routes.authorization && new URLSearchParams(querystring).get('prompt') === 'none'
}

/** `origin`: ours. */
function isUnwanted(ctx: HttpContext, origin: string): boolean {
  const isForm = ctx.method === 'POST'
  const [site, mode, dest, from] = ['sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'origin'].map((name) =>
    ctx.get(name),
  )
  if (isForm && !takesForeignForms.has(ctx.path) && from !== '' && from !== origin) return true
  if (site === '' || site === 'same-origin' || site === 'none') return false
  if (isForm && !takesForeignForms.has(ctx.path)) return true
  if (mode !== 'navigate') return true
  if (dest === 'document') return false
  // Browsers send our cookies in frames of the same site alone, so elsewhere a frame could learn nothing.
  return !(site === 'same-site' && dest === 'iframe' && isSilent(ctx))
}

/** Middleware ahead of all limits. `origin`: the issuer's. */
export function refuseCrossSite(origin: string): HttpMiddleware {
  return async (ctx, next) => {
    if (isPage(ctx.path) && ctx.method !== 'OPTIONS' && isUnwanted(ctx, origin)) {
      throw new PageError('form-expired', 'access_denied', 403, { detail: 'cross-site request that is no navigation' })
    }
    return next()
  }
}
