/** Verifies who signed an assertion, with the keys of the issuer it names. URLs of keys come from the operator's settings alone. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
  errors as joseErrors,
  jwtVerify,
} from 'jose'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'
import type { Clock } from '../../platform/clock.js'
import { type Claims, identityAssertionType } from './identity-assertion.js'

/** Fetches a URL the operator configured; must limit time and size and follow no redirect. */
export type OperatorFetch = (url: string, init?: RequestInit) => Promise<Response>

export interface SignedAssertion {
  readonly trustedIssuer: TrustedIssuer
  readonly claims: Claims
}

/** The assertion is no good. `message` is for the log. */
export class AssertionRefused extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AssertionRefused'
  }
}

/** The keys could not be had, which says nothing about the assertion. */
export class KeysUnavailable extends Error {
  constructor(issuer: string, cause: unknown) {
    super(`the keys of ${issuer} cannot be fetched`, { cause })
    this.name = 'KeysUnavailable'
  }
}

/** Longer than any honest assertion. */
const longestAssertion = 16_384

function keysOf(issuer: TrustedIssuer, operatorFetch: OperatorFetch): JWTVerifyGetKey {
  // The one cast: createLocalJWKSet itself throws on anything that is not a key set.
  if (issuer.jwks !== undefined) return createLocalJWKSet(issuer.jwks as unknown as JSONWebKeySet)
  const remote = createRemoteJWKSet(new URL(issuer.jwksUri ?? ''), {
    [customFetch]: (url, init) => operatorFetch(url, { headers: init.headers, signal: init.signal }),
    // A withdrawn key is unknown at most ten minutes later; made-up key ids lead to one fetch in half a minute.
    cacheMaxAge: 600_000,
    cooldownDuration: 30_000,
  })
  return async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      const isAboutToken =
        error instanceof joseErrors.JWKSNoMatchingKey ||
        error instanceof joseErrors.JWKSMultipleMatchingKeys ||
        error instanceof joseErrors.JOSENotSupported
      throw isAboutToken ? error : new KeysUnavailable(issuer.issuer, error)
    }
  }
}

function issuerNamedIn(assertion: string): unknown {
  try {
    return decodeJwt(assertion).iss
  } catch (error) {
    throw new AssertionRefused('not a JWT', { cause: error })
  }
}

/**
 * A function that answers what a signed assertion says, and whose it is. Checks form, `typ`, algorithm, issuer and signature; what
 * the claims say is `violations`' matter. Throws AssertionRefused or KeysUnavailable.
 */
export function createAssertionVerifier(
  trustedIssuers: readonly TrustedIssuer[],
  operatorFetch: OperatorFetch,
  clock: Clock,
): (assertion: string) => Promise<SignedAssertion> {
  const sources = new Map(
    trustedIssuers.map((issuer) => [issuer.issuer, { issuer, keys: keysOf(issuer, operatorFetch) }]),
  )
  return async (assertion) => {
    if (assertion.length > longestAssertion) throw new AssertionRefused('longer than any assertion')
    const source = sources.get(String(issuerNamedIn(assertion)))
    if (source === undefined) throw new AssertionRefused('its issuer is not trusted')
    try {
      const { payload } = await jwtVerify(assertion, source.keys, {
        algorithms: [...source.issuer.algorithms],
        typ: identityAssertionType,
        currentDate: clock.now(),
        // Times are judged with all other claims.
        clockTolerance: Number.MAX_SAFE_INTEGER,
      })
      return { trustedIssuer: source.issuer, claims: payload }
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error
      throw new AssertionRefused(error instanceof Error ? error.message : 'not a JWT', { cause: error })
    }
  }
}
