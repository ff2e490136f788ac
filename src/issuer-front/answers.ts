/** Responses of a front, as web-standard responses. */
import { OAuthError } from '../oauth/errors.js'

const forPages = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'WWW-Authenticate, Retry-After',
}

/** For programs. These endpoints do not use cookies, so any origin may read them. */
export function jsonAnswer(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  const defaults = { 'content-type': 'application/json', 'cache-control': 'no-store', ...forPages }
  return new Response(JSON.stringify(body), { status, headers: { ...defaults, ...headers } })
}

export function errorAnswer(error: OAuthError): Response {
  const headers: Record<string, string> = error.status >= 500 || error.status === 429 ? { 'retry-after': '5' } : {}
  if (error.code === 'invalid_client') headers['www-authenticate'] = 'Basic realm="token"'
  return jsonAnswer(error.status, error, headers)
}

export function preflightAnswer(): Response {
  const headers = {
    ...forPages,
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, mcp-protocol-version',
    'access-control-max-age': '7200',
  }
  return new Response(null, { status: 204, headers })
}

export function methodNotAllowed(allow: string): Response {
  return jsonAnswer(405, { error: 'invalid_request', error_description: 'this method is not allowed here' }, { allow })
}

/** Redirects the browser. The URI is kept in the client's spelling, which a parser would change. */
export function redirectAnswer(uri: string, parameters: Readonly<Record<string, string | undefined>>): Response {
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined)
  const query = new URLSearchParams(given).toString()
  const separator = uri.includes('?') ? '&' : '?'
  const location = query === '' ? uri : uri + separator + query
  const headers = { location, 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' }
  return new Response(null, { status: 303, headers })
}

/** `what`: "registrations", for example. */
export function tooMany(what: string, seconds: number): Response {
  const error = new OAuthError('temporarily_unavailable', `too many ${what}, try again later`, { status: 429 })
  return jsonAnswer(error.status, error, { 'retry-after': String(seconds) })
}

export function upstreamUnavailable(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('temporarily_unavailable', 'the authorization server does not answer', { detail, cause })
}
