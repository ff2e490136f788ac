/**
 * Cross-origin access: CORS for every origin (tokens, not cookies, give access), and the Origin check of the MCP transport that stops DNS
 * rebinding (MCP Streamable HTTP, "security": a present and invalid Origin must be 403).
 */
import type { HttpMiddleware } from '../http/context.js'
import { corsHeaders, preflightHeaders } from '../resource-server/cors.js'
import { foreignOrigin, originChecker } from '../resource-server/request-checks.js'

/** Lets every origin read responses, and answers preflights itself: they carry no token and must not reach the guard. */
export function allowAllOrigins(): HttpMiddleware {
  return async (ctx, next) => {
    ctx.set({ ...corsHeaders })
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set({ ...preflightHeaders(ctx.get('access-control-request-headers')) })
    ctx.status = 204
  }
}

/** Refuses a request from a page unless its origin is in `ownOrigins`, on loopback, or in `allowedOrigins` (exact). */
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
