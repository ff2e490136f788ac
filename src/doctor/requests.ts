/** The requests of a client, and requests that must be refused. None may leave anything behind on a healthy server. */
import type { ProbeRequest } from './diagnostic-network.js'
import { forwardedHost } from './evidence.js'

/** Revision 2025-11-25, which most deployed clients try first. */
const protocolVersion = '2025-11-25'

/** Origin of MCP Inspector's page. */
const browserOrigin = 'http://localhost:6274'

const json = { 'content-type': 'application/json', accept: 'application/json' }

export function initialize(url: string): ProbeRequest {
  const params = {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'gatehouse-doctor', version: '1' },
  }
  return {
    method: 'POST',
    url,
    headers: { ...json, accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params }),
  }
}

export function openStream(url: string): ProbeRequest {
  return { method: 'GET', url, headers: { accept: 'text/event-stream' } }
}

/** `session`: one that an unguarded server opened for us, so that it does not stay. */
export function endSession(url: string, session: string | null): ProbeRequest {
  return { method: 'DELETE', url, headers: session === null ? {} : { 'mcp-session-id': session } }
}

export function document(url: string): ProbeRequest {
  return { method: 'GET', url, headers: { accept: 'application/json', 'mcp-protocol-version': protocolVersion } }
}

export function visit(url: string): ProbeRequest {
  return { method: 'GET', url, headers: { accept: 'text/html' } }
}

/** Redeems an invented code for an unregistered client. */
export function token(url: string): ProbeRequest {
  const body = new URLSearchParams({
    grant_type: 'authorization_code',
    client_id: 'gatehouse-doctor',
    code: 'made-up',
    redirect_uri: 'http://127.0.0.1/callback',
    code_verifier: 'made-up-made-up-made-up-made-up-made-up-made-up',
  })
  return {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: body.toString(),
  }
}

/** No server may accept it: its only redirect URI is invalid (RFC 7591 §2, RFC 6749 §3.1.2). */
export function registration(url: string): ProbeRequest {
  const metadata = {
    client_name: 'Gatehouse doctor: to be refused',
    redirect_uris: ['this is no redirect URI'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  }
  return { method: 'POST', url, headers: json, body: JSON.stringify(metadata) }
}

/** Deletes the registration if a server accepted it nevertheless (RFC 7592 §2.3). */
export function unregister(url: string, accessToken: string): ProbeRequest {
  return { method: 'DELETE', url, headers: { authorization: `Bearer ${accessToken}` } }
}

export function withHeaders(request: ProbeRequest, headers: Readonly<Record<string, string>>): ProbeRequest {
  return { ...request, headers: { ...request.headers, ...headers } }
}

/** With forwarding headers that claim a different public host and http. */
export function withForwardedHost(request: ProbeRequest): ProbeRequest {
  return withHeaders(request, {
    'x-forwarded-host': forwardedHost,
    forwarded: `host=${forwardedHost};proto=http`,
  })
}

export function fromPage(request: ProbeRequest): ProbeRequest {
  return withHeaders(request, { origin: browserOrigin })
}

/** What a browser sends ahead of a page's request (Fetch standard, "CORS-preflight fetch"). */
export function preflight(request: ProbeRequest, headers: readonly string[]): ProbeRequest {
  return {
    method: 'OPTIONS',
    url: request.url,
    headers: {
      origin: browserOrigin,
      'access-control-request-method': request.method,
      'access-control-request-headers': [...headers].sort().join(','),
    },
  }
}
