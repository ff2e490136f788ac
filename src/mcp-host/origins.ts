/**
 * Cross-origin access: CORS for everybody (tokens, not cookies, give access here), and the Origin check of the MCP transport that
 * stops DNS rebinding (MCP Streamable HTTP, "security": a present and invalid Origin must be 403).
 */
import type { HttpMiddleware } from '../http/context.js'
import { corsHeaders, preflightHeaders } from '../resource-server/cors.js'
import { foreignOrigin, originChecker } from '../resource-server/request-checks.js'

/** Lets every origin read answers and answers preflights itself: they carry no token and must not meet the guard. */
export function allowAllOrigins(): HttpMiddleware {
  return async (ctx, next) => {
    ctx.set({ ...corsHeaders })
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set({ ...preflightHeaders(ctx.get('access-control-request-headers')) })
    ctx.status = 204
  }
}

/** Refuses a request of a page that is neither of `ownOrigins`, nor on loopback, nor one of `allowedOrigins` (exact). */
export function checkOrigin(ownOrigins: readonly string[], allowedOrigins: readonly string[]): HttpMiddleware {
  const mayCall = originChecker([...ownOrigins, ...allowedOrigins])
  return async (ctx, next) => {
    if (!mayCall(ctx.get('origin'))) {
      ctx.state.event.decision = 'deny'
      throw foreignOrigin()
    }
    await next()
  }
}
