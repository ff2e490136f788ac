/** Verifies JWT access tokens locally (RFC 9068), with the lessons of RFC 8725. */
import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, type JWTVerifyResult, jwtVerify } from 'jose'
import { OAuthError } from '../oauth/errors.js'
import { invalidToken, longestToken, type TokenVerifier } from './access-token.js'
import { acceptedAudiences, accessTokenFromClaims, type TokenRules } from './claims.js'
import type { RenewableKeySet } from './key-set.js'

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

export interface JwtRules extends TokenRules {
  /** Default: ES256, EdDSA, Ed25519, PS256 and RS256. */
  readonly algorithms?: readonly SigningAlgorithm[]
  /** A token that would live longer than this is refused as a mistake of its issuer; default one day. */
  readonly maxLifetimeSeconds?: number
  /** Demand `typ: at+jwt` (RFC 9068 §2.1); default true. Without it an ID token could pass for an access token. */
  readonly requireAccessTokenType?: boolean
}

export interface JwtVerifierOptions extends JwtRules {
  /** From `createRemoteKeySet`, or `createStaticKeySet` for keys that are known beforehand. */
  readonly keys: JWTVerifyGetKey | RenewableKeySet
}

const defaultAlgorithms: readonly SigningAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

/** A token without `kid` may fit several keys of its issuer; more than these are not tried. */
const mostKeysTried = 4

async function verifyWithAnyKey(
  token: string,
  keys: JWTVerifyGetKey,
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  try {
    return await jwtVerify(token, keys, options)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    let left = mostKeysTried
    for await (const key of error) {
      if (left === 0) break
      left -= 1
      try {
        return await jwtVerify(token, key, options)
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw error
  }
}

/**
 * An issuer that lost its keys may come back with other ones under the same `kid`: a signature that does not fit is judged once
 * more, by newer keys.
 */
async function verifyWithCurrentKeys(
  token: string,
  keys: JwtVerifierOptions['keys'],
  options: JWTVerifyOptions,
): Promise<JWTVerifyResult> {
  let used: unknown
  const remembering: JWTVerifyGetKey = async (header, input) => {
    const key = await keys(header, input)
    used = key
    return key
  }
  try {
    return await verifyWithAnyKey(token, remembering, options)
  } catch (error) {
    const isUnfit =
      error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSMultipleMatchingKeys
    if (!isUnfit || !('renewed' in keys)) throw error
    const renewed = await keys.renewed()
    const other: JWTVerifyGetKey = async (header, input) => {
      const key = await renewed(header, input)
      // The copy is the same: so is the answer.
      if (key === used) throw error
      return key
    }
    return await verifyWithAnyKey(token, other, options)
  }
}

async function verified(token: string, options: JwtVerifierOptions): Promise<JWTVerifyResult> {
  if (token.length > longestToken) throw invalidToken('longer than any honest token')
  try {
    return await verifyWithCurrentKeys(token, options.keys, {
      algorithms: [...(options.algorithms ?? defaultAlgorithms)],
      ...(options.requireAccessTokenType !== false && { typ: 'at+jwt' }),
      issuer: options.issuer,
      audience: acceptedAudiences(options),
      requiredClaims: ['exp', 'iat', ...(options.tokensWithoutUser === 'allow' ? [] : ['sub'])],
      // Each time is judged by its own tolerance in claims.ts, with a better message.
      clockTolerance: Number.MAX_SAFE_INTEGER,
      currentDate: options.clock.now(),
    })
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
  const limits = { maxLifetimeSeconds: options.maxLifetimeSeconds ?? 86_400 }
  return async (token) => {
    const { payload, protectedHeader } = await verified(token, options)
    const { kid } = protectedHeader
    return { ...accessTokenFromClaims(payload, options, limits), ...(kid !== undefined && { keyId: kid }) }
  }
}
