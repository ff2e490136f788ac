/**
 * Canonical paths: strips the issuer's path and folds the spellings of each endpoint into one, before any other middleware
 * compares a path. Also sets the default security headers, which the engine's own answers lack.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import { accountPath, connectPath, revocationFeedPath, routes, wellKnownPaths } from '../routes.js'
import { normaliseAuthorization } from './authorization-header.js'

const endpointPaths: ReadonlySet<string> = new Set([
  ...Object.values(routes),
  `${routes.end_session}/confirm`,
  accountPath,
  connectPath,
  revocationFeedPath,
  ...wellKnownPaths,
])

/**
 * Routers take the fixed parts of a path in any case, and a slash at its end; our middleware ahead of them compares exactly.
 * Without this, `/TOKEN` and `/AUTHORIZE/:uid` would go past what `/token` and `/authorize/:uid` go through. What comes behind the
 * first segment of other paths is an identifier, or the name of a step, and stays as it is.
 */
function plainPath(path: string): string {
  const plain = path.toLowerCase().replace(/\/$/, '')
  return endpointPaths.has(plain) ? plain : path.replace(/^\/[^/]+(?=\/)/, (segment) => segment.toLowerCase())
}

/**
 * Security headers of every answer. Pages replace them with stricter ones; documents and assets set their own `cache-control`.
 */
export const defaultHeaders = {
  'cache-control': 'no-store',
  'content-security-policy': "frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

/**
 * Takes the issuer's path off, so that everything behind sees the same paths whatever the issuer is. `undefined` for a path that
 * lies elsewhere on the host and is not ours, except the well-known names, which RFC 8414 §3.1 puts at the root of the host.
 */
function insidePath(path: string, basePath: string): string | undefined {
  if (path.startsWith('/.well-known/')) return path
  if (path === basePath) return '/'
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined
}

function enter(ctx: HttpContext): void {
  const { basePath } = ctx.state
  const inside = insidePath(ctx.path, basePath)
  if (inside === undefined) throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
  const path = plainPath(inside)
  if (path !== ctx.path) ctx.path = path
  // Where the engine finds the path to put in front of its own.
  Object.assign(ctx, { mountPath: basePath })
}

/**
 * Middleware ahead of everything else. Refuses U+0000 in queries: no parameter may hold it (RFC 6749 appendix A), and
 * PostgreSQL cannot keep it. Posted parameters are looked at where they are read.
 */
export const canonicalisePaths: HttpMiddleware = async (ctx, next) => {
  ctx.set(defaultHeaders)
  if (ctx.querystring.includes('%00')) throw new OAuthError('invalid_request', 'a parameter holds the character U+0000')
  normaliseAuthorization(ctx.req)
  enter(ctx)
  await next()
}
