/**
 * DPoP proofs at the protected resource (RFC 9449 §4.3, §7): the caller of a key-bound token proves possession of the key for every
 * request. Does not verify the token itself, and issues no nonces: `iat` limits the age of a proof, and all replicas together accept each
 * `jti` once.
 */

import { hash } from 'node:crypto'
import { calculateJwkThumbprint, EmbeddedJWK, type JWTVerifyResult, jwtVerify } from 'jose'
import { futureToleranceSeconds } from '../oauth/clock-skew.js'
import { dpopProofAlgorithms, dpopProofWindowSeconds } from '../oauth/dpop.js'
import { OAuthError } from '../oauth/errors.js'
import { canParseUrl } from '../oauth/url.js'
import { type VerifierClock, verificationUnavailable } from './access-token.js'

/** Remembers used proofs. It must be shared by all replicas of the resource; otherwise a proof is accepted once at each of them. */
export interface ProofReplayStore {
  /**
   * Atomically records `identifier`; true if it is new, false if it is known or may be. Kept until `until`. An identifier is the key's
   * thumbprint and the proof's `jti`, separated by a line break.
   */
  rememberOnce(identifier: string, until: Date): Promise<boolean>
}

export interface DpopOptions {
  readonly replays: ProofReplayStore
  readonly clock: VerifierClock
  /** Accept key-bound tokens only (RFC 9728 `dpop_bound_access_tokens_required`); default false: Bearer tokens are accepted too. */
  readonly required?: boolean
}

/** The request that the proof must match. */
export interface ProvenRequest {
  readonly method: string
  /** The URL as the client knows it: public scheme, host and path. The query is ignored. */
  readonly url: string
  readonly accessToken: string
  /** `cnf.jkt` of the token (RFC 9449 §6.1). */
  readonly keyThumbprint: string
}

/** Longer than any legitimate proof or `jti`. */
const longestProof = 8_192
const longestIdentifier = 512

/** All invalid proofs get the same public text: the failed check is for the log. */
export function invalidProof(detail: string, cause?: unknown): OAuthError {
  return new OAuthError(
    'invalid_dpop_proof',
    'the DPoP proof is missing, does not fit this request or was used before',
    {
      status: 401,
      detail,
      cause,
    },
  )
}

/** RFC 9449 §4.3 (9): compared without query, fragment and trailing slash. */
function withoutQuery(url: string): string | undefined {
  if (!canParseUrl(url)) return undefined
  const { protocol, username, password, host, pathname } = new URL(url)
  return `${protocol}//${username}:${password}@${host}${pathname.replace(/\/$/, '')}`
}

async function verifiedProof(proof: string, clock: VerifierClock): Promise<JWTVerifyResult> {
  if (proof === '') throw invalidProof('no proof')
  if (proof.length > longestProof) throw invalidProof('longer than any proof')
  // Node joins several headers by commas, which no JWT contains.
  if (proof.includes(',')) throw invalidProof('more than one proof')
  try {
    // EmbeddedJWK accepts public asymmetric keys only.
    return await jwtVerify(proof, EmbeddedJWK, {
      algorithms: [...dpopProofAlgorithms],
      typ: 'dpop+jwt',
      currentDate: clock.now(),
      // For `nbf`, which is optional; `iat` has its own window.
      clockTolerance: futureToleranceSeconds,
    })
  } catch (error) {
    throw invalidProof(error instanceof Error ? error.message : 'not a JWT', error)
  }
}

/**
 * Checks one proof, all of RFC 9449 §4.3: form, `typ`, algorithm, public key, signature, `htm`, `htu`, `iat`, `ath`, the key the token is
 * bound to, and that the `jti` is new. Throws `invalid_dpop_proof` (401), or `temporarily_unavailable` if the store could not say whether
 * the proof was used before: such a request never passes.
 */
export async function checkDpopProof(proof: string, request: ProvenRequest, options: DpopOptions): Promise<void> {
  const { protectedHeader, payload } = await verifiedProof(proof, options.clock)
  const { htm, htu, iat, exp, jti, ath } = payload
  if (exp !== undefined && exp <= options.clock.now().getTime() / 1000) throw invalidProof('expired')
  if (htm !== request.method) throw invalidProof('made for another method')
  const target = typeof htu === 'string' ? withoutQuery(htu) : undefined
  if (target === undefined || target !== withoutQuery(request.url)) throw invalidProof('made for another URL')
  const now = options.clock.now().getTime() / 1000
  if (iat === undefined || Math.abs(now - iat) > dpopProofWindowSeconds) throw invalidProof('iat is not recent')
  if (ath !== hash('sha256', request.accessToken, 'base64url')) throw invalidProof('made for another access token')
  if (typeof jti !== 'string' || jti === '' || jti.length > longestIdentifier) throw invalidProof('no usable jti')
  const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk ?? {})
  if (thumbprint !== request.keyThumbprint) throw invalidProof('made with another key')
  const until = new Date((iat + dpopProofWindowSeconds + 1) * 1000)
  const isNew = await options.replays.rememberOnce(`${thumbprint}\n${jti}`, until).catch((error: unknown) => {
    throw verificationUnavailable('used proofs cannot be looked up', error)
  })
  if (!isNew) throw invalidProof('used before')
}
