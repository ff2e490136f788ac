/** Selects the verifier of a token. The data read here is unverified: it only selects among the configured verifiers. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { OAuthError } from '../oauth/errors.js'
import { invalidToken, longestToken, type TokenVerifier } from './access-token.js'

/** True for a text in the form of a signed JWT: three parts, the first a JSON header with an algorithm. Does not verify it. */
export function looksLikeJwt(token: string): boolean {
  if (token.length > longestToken || token.split('.').length !== 3) return false
  try {
    return typeof decodeProtectedHeader(token).alg === 'string'
  } catch {
    return false
  }
}

/** The unverified `iss` of a JWT. */
function claimedIssuer(token: string): string | undefined {
  try {
    return token.length > longestToken ? undefined : decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/**
 * Sends each JWT to the verifier of the issuer it names, exactly as configured. A JWT with another issuer, or none, is refused without any
 * request. The selected verifier still has to check the signed `iss`.
 */
export function routeByIssuer(verifiers: ReadonlyMap<string, TokenVerifier>): TokenVerifier {
  return async (token) => {
    const verify = verifiers.get(claimedIssuer(token) ?? '')
    if (verify === undefined) throw invalidToken('an issuer that is not trusted here')
    return verify(token)
  }
}

export interface ShapeRoutes {
  readonly jwt: TokenVerifier
  /** For everything that does not look like a JWT. */
  readonly opaque: TokenVerifier
  /**
   * Also pass refused JWTs to `opaque`. Default false: then a forged JWT costs the authorization server nothing. Never used after an
   * outage.
   */
  readonly fallBackToOpaque?: boolean
}

/** Opaque tokens and JWTs side by side. */
export function routeByShape({ jwt, opaque, fallBackToOpaque = false }: ShapeRoutes): TokenVerifier {
  return async (token) => {
    if (!looksLikeJwt(token)) return opaque(token)
    if (!fallBackToOpaque) return jwt(token)
    return jwt(token).catch((error: unknown) => {
      if (error instanceof OAuthError && error.code === 'invalid_token') return opaque(token)
      throw error
    })
  }
}
