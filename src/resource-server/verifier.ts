/** Verifies JWT access tokens locally (RFC 9068), with the lessons of RFC 8725. */
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { OAuthError } from '../oauth/errors.js'
import { invalidToken, type TokenVerifier, type VerifierClock } from './access-token.js'
import { accessTokenFromClaims } from './claims.js'

/** Signatures that can be accepted: asymmetric ones only, so that a public key can never be taken for a shared secret. */
export type SigningAlgorithm =
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA'
  | 'Ed25519'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'RS256'
  | 'RS384'
  | 'RS512'

export interface JwtVerifierOptions {
  /** Exact `iss`: the issuer identifier, no normalisation (RFC 9068 §4). */
  readonly issuer: string
  /** Canonical identifier of this resource; `aud` must hold it in this spelling (RFC 8707 §2). */
  readonly audience: string
  readonly keys: JWTVerifyGetKey
  readonly clock: VerifierClock
  /** Default: ES256, EdDSA, Ed25519, PS256 and RS256. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Difference of clocks that is forgiven; default 5. */
  readonly clockToleranceSeconds?: number
  /** A token that would live longer than this is refused as a mistake of its issuer; default one day. */
  readonly maxLifetimeSeconds?: number
  /** Demand `typ: at+jwt` (RFC 9068 §2.1); default true. Without it an ID token could pass for an access token. */
  readonly requireAccessTokenType?: boolean
  /** Take tokens bound to a key (DPoP): only for a caller that checks proofs, as `authenticate` does. Default false. */
  readonly takesBoundTokens?: boolean
}

const defaultAlgorithms: readonly SigningAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

/** Longer than any honest token, short enough that hashing and parsing stay cheap. */
const longestToken = 16_384

async function verifiedClaims(token: string, options: JwtVerifierOptions): Promise<JWTPayload> {
  if (token.length > longestToken) throw invalidToken('longer than any token of ours')
  try {
    const { payload } = await jwtVerify(token, options.keys, {
      algorithms: [...(options.algorithms ?? defaultAlgorithms)],
      ...(options.requireAccessTokenType !== false && { typ: 'at+jwt' }),
      issuer: options.issuer,
      audience: options.audience,
      requiredClaims: ['exp', 'iat', 'sub', 'client_id'],
      clockTolerance: options.clockToleranceSeconds ?? 5,
      currentDate: options.clock.now(),
    })
    return payload
  } catch (error) {
    // An outage of the key source says nothing about the token; everything else does.
    if (error instanceof OAuthError) throw error
    throw invalidToken(error instanceof Error ? error.message : 'not a JWT', error)
  }
}

/**
 * Checks signature, `typ`, `iss`, `aud`, `exp`, `nbf`, `iat`, `client_id` and `sub` (RFC 9068 §4). Does not check scopes, and cannot
 * know whether the token was revoked before it expires.
 */
export function createJwtVerifier(options: JwtVerifierOptions): TokenVerifier {
  return async (token) =>
    accessTokenFromClaims(await verifiedClaims(token, options), {
      issuer: options.issuer,
      audience: options.audience,
      now: Math.floor(options.clock.now().getTime() / 1000),
      clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
      maxLifetimeSeconds: options.maxLifetimeSeconds ?? 86_400,
      takesBoundTokens: options.takesBoundTokens ?? false,
    })
}
