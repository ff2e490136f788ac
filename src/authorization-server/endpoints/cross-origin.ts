/** CORS for dynamic registration, where the engine has none: browser clients register themselves. Nothing there uses cookies. */

import type { HttpMiddleware } from '../../http/context.js'
import { allowedRequestHeaders } from '../../oauth/cors.js'
import { routes } from '../routes.js'

const usualHeaders = ['Authorization', 'Content-Type', 'MCP-Protocol-Version']

export const allowCrossOriginRegistration: HttpMiddleware = async (ctx, next) => {
  if (ctx.path !== routes.registration && !ctx.path.startsWith(`${routes.registration}/`)) return next()
  ctx.set({
    'access-control-allow-origin': '*',
    // Headers that a page needs to see why it was refused and when to retry.
    'access-control-expose-headers': 'Retry-After, WWW-Authenticate',
  })
  if (ctx.method !== 'OPTIONS') return next()
  ctx.set({
    'access-control-allow-methods': 'POST, GET, PUT, DELETE',
    'access-control-allow-headers': allowedRequestHeaders(usualHeaders, ctx.get('access-control-request-headers')),
    'access-control-max-age': '3600',
    vary: 'Access-Control-Request-Headers',
  })
  ctx.status = 204
}
