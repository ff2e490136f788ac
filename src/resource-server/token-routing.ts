/** Which of several verifiers a token goes to. What is read here is not verified: it only chooses among those configured. */
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { OAuthError } from '../oauth/errors.js'
import { invalidToken, longestToken, type TokenVerifier } from './access-token.js'

/** True for what looks like a signed JWT: three parts, the first a JSON header with an algorithm. Says nothing of its worth. */
export function looksLikeJwt(token: string): boolean {
  if (token.length > longestToken || token.split('.').length !== 3) return false
  try {
    return typeof decodeProtectedHeader(token).alg === 'string'
  } catch {
    return false
  }
}

/** The `iss` a JWT claims to be from. */
function claimedIssuer(token: string): string | undefined {
  try {
    return token.length > longestToken ? undefined : decodeJwt(token).iss
  } catch {
    return undefined
  }
}

/**
 * Sends each JWT to the verifier of the issuer it names, exactly as configured. One that names another issuer, or none, is refused
 * without anybody being asked. The verifier chosen still has to check `iss` under the signature.
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
   * Also ask `opaque` about what looks like a JWT but is refused as one. Default false: then a forged JWT costs the authorization
   * server nothing. An outage never leads there.
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
