/**
 * Who may call from a browser: CORS for everybody (tokens, not cookies, give access here), and the Origin check of the MCP
 * transport that stops DNS rebinding (MCP Streamable HTTP, "security": a present and invalid Origin must be 403).
 */
import type { HttpMiddleware } from '../platform/http.js'
import { foreignOrigin, originChecker } from '../resource-server/index.js'

/** Besides them, headers that repeat a tool's parameters (MCP 2026-07-28, `x-mcp-header`): tools name those themselves. */
const allowedHeaders = [
  'Authorization',
  'DPoP',
  'Content-Type',
  'Accept',
  'MCP-Protocol-Version',
  'Mcp-Method',
  'Mcp-Name',
  'Mcp-Session-Id',
  'Last-Event-ID',
]

const parameterHeader = /^mcp-param-[\w-]{1,100}$/i

const exposedHeaders = 'WWW-Authenticate, Mcp-Session-Id, Retry-After, X-Request-Id'

/** Lets every origin read answers and answers preflights itself: they carry no token and must not meet the guard. */
export function allowAllOrigins(): HttpMiddleware {
  return async (ctx, next) => {
    ctx.set('access-control-allow-origin', '*')
    ctx.set('access-control-expose-headers', exposedHeaders)
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set('access-control-allow-methods', 'GET, POST, DELETE, OPTIONS')
    const asked = ctx.get('access-control-request-headers').split(',')
    const parameters = asked.map((name) => name.trim()).filter((name) => parameterHeader.test(name))
    ctx.set('access-control-allow-headers', [...allowedHeaders, ...parameters].join(', '))
    ctx.vary('Access-Control-Request-Headers')
    ctx.set('access-control-max-age', '7200')
    ctx.set('allow', 'GET, POST, DELETE, OPTIONS')
    ctx.status = 204
  }
}

/** Refuses a request of a page that is neither of `ownOrigins`, nor on loopback, nor one of `allowedOrigins` (exact). */
export function checkOrigin(ownOrigins: readonly string[], allowedOrigins: readonly string[]): HttpMiddleware {
  const mayCall = originChecker([...ownOrigins, ...allowedOrigins])
  return async (ctx, next) => {
    if (!mayCall(ctx.get('origin'))) {
      ctx.state.event['decision'] = 'deny'
      throw foreignOrigin()
    }
    await next()
  }
}
