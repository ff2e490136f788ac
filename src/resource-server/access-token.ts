/** A verified access token, however it was verified. */
import { OAuthError } from '../oauth/errors.js'

/** The source of time, so that tests can set it. */
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
  /** `kid` of the key that signed it, if it is a JWT whose header names one. */
  readonly keyId?: string
  /**
   * `cnf.jkt` (RFC 9449 §6.1): the token is valid only with a proof of this key, which `authenticate` checks and a verifier alone does not.
   */
  readonly keyThumbprint?: string
  /** All claims as received, including unchecked ones. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Returns the content of a token, or throws an OAuthError: `invalid_token` if the token is invalid, `temporarily_unavailable` if it could
 * not be verified. Never returns a token that it could not check.
 */
export type TokenVerifier = (token: string) => Promise<AccessToken>

/** Maximum length in characters: longer than any legitimate token, short enough that hashing, parsing and forwarding stay cheap. */
export const longestToken = 16_384

/** All invalid tokens get the same public text: the failed check is for the log only. */
export function invalidToken(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_token', 'the access token is invalid, expired or not meant for this server', {
    detail,
    cause,
  })
}

/** For outages of the authorization server: the token may be valid, so the client should keep it and retry. */
export function verificationUnavailable(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('temporarily_unavailable', 'tokens cannot be verified right now', { detail, cause })
}

/** The user a token acts for, or `undefined` if it acts for the client itself (RFC 9068 §2.2, client credentials). */
export function userOf(accessToken: AccessToken): string | undefined {
  return accessToken.subject === accessToken.clientId ? undefined : accessToken.subject
}
