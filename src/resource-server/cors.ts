/**
 * Pages of any origin may read responses of a protected resource, because a token gives access, never a cookie (Fetch standard, "CORS
 * protocol"). Another check decides which origins may call operations.
 */

import { allowedRequestHeaders } from '../oauth/cors.js'

/** Sent if a preflight requests no headers. */
const usualHeaders = [
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

const methods = 'GET, POST, DELETE, OPTIONS'

/** On every response, so that pages can read challenges too. */
export const corsHeaders: Readonly<Record<string, string>> = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Mcp-Session-Id, Retry-After, DPoP-Nonce, X-Request-Id',
}

/** On the response to OPTIONS, which carries no token. `requested`: its Access-Control-Request-Headers. */
export function preflightHeaders(requested: string): Readonly<Record<string, string>> {
  return {
    ...corsHeaders,
    'access-control-allow-methods': methods,
    'access-control-allow-headers': allowedRequestHeaders(usualHeaders, requested),
    'access-control-max-age': '7200',
    vary: 'Access-Control-Request-Headers',
    allow: methods,
  }
}
