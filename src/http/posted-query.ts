/** Turns a posted authorization or logout request into the query of the equivalent GET (OpenID Connect Core §3.1.2.1). */
import { OAuthError } from '../oauth/errors.js'

/** In bytes. Half of what Node takes as the head of a request: cookies and other headers need room beside the query. */
const longestQuery = 8_192

/** Throws `invalid_request` with status 413 if no browser could follow a redirect to it. */
export function postedQuery(form: URLSearchParams): string {
  const query = form.toString()
  if (query.length <= longestQuery) return query
  throw new OAuthError('invalid_request', 'the request is too long: push it first (RFC 9126)', { status: 413 })
}
