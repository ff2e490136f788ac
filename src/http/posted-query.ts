/** Turns a posted authorization or logout request into the query of the equivalent GET (OpenID Connect Core §3.1.2.1). */
import { OAuthError } from '../oauth/errors.js'

/** In bytes. Half of Node's limit for the head of a request: cookies and other headers need room as well. */
const longestQuery = 8_192

/** Throws `invalid_request` with status 413 if the query is too long for a redirect. */
export function postedQuery(form: URLSearchParams): string {
  const query = form.toString()
  if (query.length <= longestQuery) return query
  throw new OAuthError('invalid_request', 'the request is too long: push it first (RFC 9126)', { status: 413 })
}
