/** Verifies opaque access tokens by introspection at the authorization server (RFC 7662). */
import {
  type AccessToken,
  type FetchFunction,
  invalidToken,
  longestToken,
  type TokenVerifier,
  verificationUnavailable,
} from './access-token.js'
import { accessTokenFromClaims, type TokenRules } from './claims.js'
import { type AuthenticatedPart, type ClientCredentials, createClientAuthentication } from './client-authentication.js'

export type IntrospectionVerifierOptions = TokenRules &
  ClientCredentials & {
    /** The introspection endpoint; called for each introspection, so that it may come from discovery. */
    readonly endpoint: () => Promise<string>
    readonly fetch: FetchFunction
  }

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function introspect(
  token: string,
  options: IntrospectionVerifierOptions,
  authenticate: () => Promise<AuthenticatedPart>,
): Promise<Record<string, unknown>> {
  const url = await options.endpoint()
  try {
    const { headers, parameters } = await authenticate()
    const response = await options.fetch(url, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({ token, token_type_hint: 'access_token', ...parameters }).toString(),
      // Token and credentials must go to this URL only, whatever `fetch` does by default.
      redirect: 'error',
    })
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    const answer: unknown = await response.json()
    if (!isObject(answer) || typeof answer['active'] !== 'boolean') throw new Error('not an introspection answer')
    return answer
  } catch (error) {
    throw verificationUnavailable(`introspection failed: ${String(error)}`, error)
  }
}

/** Some servers report refresh tokens as active too; one of these members shows the type. */
function checkType({ token_type: type, token_use: use }: Record<string, unknown>, accessToken: AccessToken): void {
  const expected = accessToken.keyThumbprint === undefined ? 'bearer' : 'dpop'
  if (type !== undefined && String(type).toLowerCase() !== expected)
    throw invalidToken('its token_type does not fit its binding')
  if (use !== undefined && use !== 'access_token') throw invalidToken('not an access token')
}

/**
 * Checks `active`, `aud`, `exp`, `client_id`, and `iss` if the response has one. A response without `aud` or `exp` is refused: such a token
 * could be for any resource, or never expire. Does not cache; wrap it in `cacheVerifiedTokens`.
 */
export function createIntrospectionVerifier(options: IntrospectionVerifierOptions): TokenVerifier {
  const authenticate = createClientAuthentication(options, options)
  return async (token) => {
    if (token.length > longestToken) throw invalidToken('longer than any honest token')
    const claims = await introspect(token, options, authenticate)
    if (claims['active'] !== true) throw invalidToken('introspection says it is not active')
    const accessToken = accessTokenFromClaims(claims, options)
    checkType(claims, accessToken)
    return accessToken
  }
}
