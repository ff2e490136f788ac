/**
 * Removes parameters that a specification defines but that mean nothing in the given authorization request. RFC 6749 §3.1 says to
 * ignore unrecognised parameters, so none is a reason to refuse. The engine would refuse them.
 *
 * A new parameter of OpenID Connect is one more entry of `openidParameters`.
 */
import { parseScope } from '../../oauth/scope.js'
import { meantClaims } from './requested-claims.js'

/**
 * OpenID Connect Core §3.1.2.1, §5.2, §5.5, §7.2.1: parameters of an authentication request, which has the scope `openid`. `ui_locales` is
 * missing: the pages speak the person's language whatever the scope is.
 */
const openidParameters: readonly string[] = [
  'acr_values',
  'claims',
  'claims_locales',
  'display',
  'id_token_hint',
  'max_age',
  'nonce',
  'registration',
]

/**
 * `prompt` values that another one stands for. The consent page names the account and offers another one, which is what
 * `select_account` asks for (OpenID Connect Core §3.1.2.1).
 */
const promptsInstead: Readonly<Record<string, string>> = { select_account: 'consent' }

function rewritePrompt(parameters: URLSearchParams): void {
  const [prompt, ...further] = parameters.getAll('prompt')
  if (prompt === undefined || further.length > 0) return
  const values = prompt.split(' ').filter((value) => value !== '')
  const meant = values.map((value) => (Object.hasOwn(promptsInstead, value) ? (promptsInstead[value] ?? value) : value))
  if (meant.length === 0) parameters.delete('prompt')
  else parameters.set('prompt', [...new Set(meant)].join(' '))
}

function rewriteClaims(parameters: URLSearchParams): void {
  const [claims, ...further] = parameters.getAll('claims')
  if (claims === undefined || further.length > 0) return
  const meant = meantClaims(claims)
  if (meant === undefined) parameters.delete('claims')
  else parameters.set('claims', meant)
}

/** Blanks around and between the words of a list are no words, as in `scope` (RFC 6749 §3.1.1, §3.3). */
function rewriteResponseType(parameters: URLSearchParams): void {
  const [responseType, ...further] = parameters.getAll('response_type')
  if (responseType === undefined || further.length > 0) return
  parameters.set(
    'response_type',
    responseType
      .split(' ')
      .filter((word) => word !== '')
      .join(' '),
  )
}

/** Takes out, in place, what means nothing in an authorization request with this scope. Repeated ones go, too. */
export function dropIgnoredParameters(parameters: URLSearchParams): void {
  rewriteResponseType(parameters)
  rewritePrompt(parameters)
  if (parseScope(parameters.get('scope') ?? undefined).includes('openid')) {
    rewriteClaims(parameters)
    return
  }
  for (const name of openidParameters) parameters.delete(name)
  // Sent twice it would be refused, and here it is nothing to refuse a request for.
  if (parameters.getAll('ui_locales').length > 1) parameters.delete('ui_locales')
}
