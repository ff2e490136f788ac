/**
 * Who may call from a browser: CORS for everybody (tokens, not cookies, give access here), and the Origin check of the MCP
 * transport that stops DNS rebinding (MCP Streamable HTTP, "security": a present and invalid Origin must be 403).
 */
import { OAuthError } from '../oauth/errors.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import type { HttpMiddleware } from '../platform/http.js'

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

function isLoopbackOrigin(origin: string): boolean {
  return URL.canParse(origin) && /^https?:$/.test(new URL(origin).protocol) && isLoopbackHost(new URL(origin).hostname)
}

/**
 * Refuses a request whose Origin is neither of `ownOrigins`, nor a page on loopback, nor one of `allowedOrigins` (exact). A request
 * without Origin passes: it does not come from a page. `null`, which any sandboxed page can send, does not.
 */
export function checkOrigin(ownOrigins: readonly string[], allowedOrigins: readonly string[]): HttpMiddleware {
  const allowed = new Set([...ownOrigins, ...allowedOrigins].map((origin) => origin.toLowerCase()))
  return async (ctx, next) => {
    const origin = ctx.get('origin').toLowerCase()
    if (origin !== '' && !allowed.has(origin) && !isLoopbackOrigin(origin)) {
      throw new OAuthError('access_denied', 'pages of this origin may not call this server', {
        detail: 'Origin header is not on the list',
      })
    }
    await next()
  }
}
