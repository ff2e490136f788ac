/** Verifies JWT access tokens locally (RFC 9068), following RFC 8725. */
import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { OAuthError } from '../oauth/errors.js'
import { invalidToken, longestToken, type TokenVerifier } from './access-token.js'
import { acceptedAudiences, accessTokenFromClaims, type TokenRules } from './claims.js'
import { acceptCompactJwt, type CompactJwtRules, type VerifiedJwt } from './compact-jwt.js'
import type { RenewableKeySet } from './key-set.js'

/** Algorithms that can be accepted: asymmetric ones only, so that a public key can never be used as a shared secret. */
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
  /** A token with a longer lifetime is refused as a mistake of its issuer; default one day. */
  readonly maxLifetimeSeconds?: number
  /** Require `typ: at+jwt` (RFC 9068 §2.1); default true. Without it an ID token could pass for an access token. */
  readonly requireAccessTokenType?: boolean
}

export interface JwtVerifierOptions extends JwtRules {
  /** From `createRemoteKeySet`, or `createStaticKeySet` for configured keys. */
  readonly keys: JWTVerifyGetKey | RenewableKeySet
}

const defaultAlgorithms: readonly SigningAlgorithm[] = ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256']

/** A token without `kid` may match several keys of its issuer; at most this many are tried. */
const mostKeysTried = 4

interface VerifyingRules extends CompactJwtRules {
  readonly now: Date
}

async function verifyWithKey(token: string, keys: JWTVerifyGetKey, rules: VerifyingRules): Promise<VerifiedJwt> {
  const accepted = await acceptCompactJwt(token, keys, rules)
  if (accepted !== undefined) return accepted
  const { algorithms, issuer, audience, requiredClaims, typ, now } = rules
  return jwtVerify(token, keys, {
    algorithms: [...algorithms],
    ...(typ !== undefined && { typ }),
    issuer,
    audience: [...audience],
    requiredClaims: [...requiredClaims],
    // claims.ts checks each time with its own tolerance and a better message.
    clockTolerance: Number.MAX_SAFE_INTEGER,
    currentDate: now,
  })
}

async function verifyWithAnyKey(token: string, keys: JWTVerifyGetKey, rules: VerifyingRules): Promise<VerifiedJwt> {
  try {
    return await verifyWithKey(token, keys, rules)
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    let left = mostKeysTried
    for await (const key of error) {
      if (left === 0) break
      left -= 1
      try {
        return await verifyWithKey(token, async () => key, rules)
      } catch (failure) {
        if (!(failure instanceof errors.JWSSignatureVerificationFailed)) throw failure
      }
    }
    throw error
  }
}

/** An issuer that lost its keys may reuse a `kid` for new ones: an invalid signature is checked once more with newer keys. */
async function verifyWithCurrentKeys(
  token: string,
  keys: JwtVerifierOptions['keys'],
  rules: VerifyingRules,
): Promise<VerifiedJwt> {
  let used: unknown
  const remembering: JWTVerifyGetKey = async (header, input) => {
    const key = await keys(header, input)
    used = key
    return key
  }
  try {
    return await verifyWithAnyKey(token, remembering, rules)
  } catch (error) {
    const isUnfit =
      error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSMultipleMatchingKeys
    if (!isUnfit || !('renewed' in keys)) throw error
    const renewed = await keys.renewed()
    const other: JWTVerifyGetKey = async (header, input) => {
      const key = await renewed(header, input)
      // The keys have not changed, so neither has the result.
      if (key === used) throw error
      return key
    }
    return await verifyWithAnyKey(token, other, rules)
  }
}

async function verified(token: string, keys: JwtVerifierOptions['keys'], rules: VerifyingRules): Promise<VerifiedJwt> {
  if (token.length > longestToken) throw invalidToken('longer than any honest token')
  try {
    return await verifyWithCurrentKeys(token, keys, rules)
  } catch (error) {
    // An outage of the key source says nothing about the token; any other error does.
    if (error instanceof OAuthError) throw error
    throw invalidToken(error instanceof Error ? error.message : 'not a JWT', error)
  }
}

/**
 * Checks signature, `typ`, `iss`, `aud`, `exp`, `nbf`, `iat`, `client_id` and `sub` (RFC 9068 §4). Does not check scopes, and cannot
 * know whether the token was revoked before it expires.
 */
export function createJwtVerifier(options: JwtVerifierOptions): TokenVerifier {
  const maxLifetimeSeconds = options.maxLifetimeSeconds ?? 86_400
  const rules = {
    algorithms: options.algorithms ?? defaultAlgorithms,
    ...(options.requireAccessTokenType !== false && { typ: 'at+jwt' }),
    issuer: options.issuer,
    audience: acceptedAudiences(options),
    requiredClaims: ['exp', 'iat', ...(options.tokensWithoutUser === 'allow' ? [] : ['sub'])],
  }
  return async (token) => {
    const verifying = { ...rules, now: options.clock.now() }
    const { payload, protectedHeader } = await verified(token, options.keys, verifying)
    return accessTokenFromClaims(payload, options, { maxLifetimeSeconds, keyId: protectedHeader.kid })
  }
}
