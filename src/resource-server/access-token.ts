/** What a resource server knows about a token it has verified, whichever way it was verified. */
import { OAuthError } from '../oauth/errors.js'

/** Where time comes from, so that tests can choose it. */
export interface VerifierClock {
  now(): Date
}

/** The part of `fetch` that verification needs. The caller decides time limits, size limits and which addresses may be reached. */
export type FetchFunction = (url: string, init?: RequestInit) => Promise<Response>

/** A token that was issued for this resource, by the trusted issuer, and has not expired. */
export interface AccessToken {
  /** `sub`; equals `clientId` for a token without a user (RFC 9068 §2.2), absent when the issuer names none. */
  readonly subject?: string
  readonly clientId: string
  readonly scopes: readonly string[]
  /** `exp`, seconds since the epoch. */
  readonly expiresAt: number
  readonly audience: readonly string[]
  readonly issuer: string
  /** `jti`. */
  readonly tokenId?: string
  /** `kid` of the key that signed it, when it is a JWT whose header names one. */
  readonly keyId?: string
  /**
   * `cnf.jkt` (RFC 9449 §6.1): the token is only good together with a proof of this key, which `authenticate` checks and a
   * verifier alone does not.
   */
  readonly keyThumbprint?: string
  /** All claims as received, also those nothing here has checked. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Answers what a token says, or throws an OAuthError: `invalid_token` if the token is invalid, `temporarily_unavailable` if it
 * could not be verified. Never answers for a token it could not check.
 */
export type TokenVerifier = (token: string) => Promise<AccessToken>

/** Longer than any honest token, in characters; short enough that hashing, parsing and passing on stay cheap. */
export const longestToken = 16_384

/** The one public text for every bad token: which check failed is for the log only. */
export function invalidToken(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_token', 'the access token is invalid, expired or not meant for this server', {
    detail,
    cause,
  })
}

/** For outages of the authorization server: the token may be fine, so the client should keep it and try again. */
export function verificationUnavailable(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('temporarily_unavailable', 'tokens cannot be verified right now', { detail, cause })
}

/** The user a token acts for, or `undefined` when it acts for the client itself (RFC 9068 §2.2, client credentials). */
export function userOf(accessToken: AccessToken): string | undefined {
  return accessToken.subject === accessToken.clientId ? undefined : accessToken.subject
}
