/**
 * Normalises the Authorization header (RFC 9110 §11.4) for the engine, which wants exactly one space. An empty credential counts
 * as none: a client that gets 401 with a challenge signs in, one that gets `invalid_request` gives up.
 */
import type { IncomingMessage } from 'node:http'

/** Drops a scheme without credentials; between scheme and credentials one space is left. Everything else stays as it is. */
export function normaliseAuthorization({ headers }: Pick<IncomingMessage, 'headers'>): void {
  const { authorization } = headers
  if (authorization === undefined) return
  const [, scheme, credentials = ''] = /^[ \t]*([!#$%&'*+.^_`|~\w-]+)(?:[ \t]+(.*?))?[ \t]*$/.exec(authorization) ?? []
  if (scheme === undefined && authorization.trim() !== '') return
  if (scheme === undefined || credentials === '') delete headers.authorization
  else headers.authorization = `${scheme} ${credentials}`
}

/** As RFC 6749 §2.3.1 has it written in the header; `undefined` when it is not. */
function decoded(written: string): string | undefined {
  try {
    return decodeURIComponent(written.replaceAll('+', '%20'))
  } catch {
    return undefined
  }
}

/**
 * The client of an `Authorization: Basic` header whose secret is empty: it authenticates with nothing (RFC 6749 §2.3.1), as
 * libraries do that know Basic alone. `undefined` for any other header. A `client_id` that is a URL may be written plainly.
 */
export function clientWithoutSecret({ headers }: Pick<IncomingMessage, 'headers'>): string | undefined {
  const [, encoded] = /^basic ([A-Za-z0-9+/]+={0,2})$/i.exec(headers.authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const credentials = Buffer.from(encoded, 'base64').toString('utf8')
  const [, written] = /^(https:\/\/[^\s]*|[^:]+):$/.exec(credentials) ?? []
  const clientId = written === undefined ? undefined : decoded(written)
  return clientId !== undefined && /^[\x20-\x7e]+$/.test(clientId) ? clientId : undefined
}
