/** The person that a client asks for, by `id_token_hint` or by a requested `sub` claim. */
import { decodeJwt } from 'jose'
import { requestedSubjects } from '../endpoints/requested-claims.js'

/** A value of the authorization request; `undefined` when absent or repeated. */
type Parameter = (name: string) => string | undefined

/** The engine verified the hint before it stored the request. */
function hintedSubject(hint: string | undefined): string | undefined {
  return hint === undefined ? undefined : decodeJwt(hint).sub
}

/**
 * True when the request may be answered for this account. If not, and nobody else signs in, the answer is `login_required` (OpenID Connect
 * Core §3.1.2.2): never a code for somebody else than the client asked for.
 */
export function isRequestedPerson(parameter: Parameter, accountId: string): boolean {
  const hinted = hintedSubject(parameter('id_token_hint'))
  if (hinted !== undefined && hinted !== accountId) return false
  return requestedSubjects(parameter('claims'))?.includes(accountId) !== false
}
