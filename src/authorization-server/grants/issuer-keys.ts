/** Verifies an assertion's signature with the keys of its issuer. Key URLs come only from the operator's settings. */
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  decodeJwt,
  type JSONWebKeySet,
  type JWTPayload,
  type JWTVerifyGetKey,
  type JWTVerifyOptions,
  errors as joseErrors,
  jwtVerify,
} from 'jose'
import type { Clock } from '../../base/clock.js'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'
import { type Claims, identityAssertionType } from './identity-assertion.js'

/** Fetches a URL the operator configured; must limit time and size and follow no redirect. */
export type OperatorFetch = (url: string, init?: RequestInit) => Promise<Response>

export interface SignedAssertion {
  readonly trustedIssuer: TrustedIssuer
  readonly claims: Claims
}

/** The assertion is invalid. `message` is for the log. */
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

interface IssuerKeys {
  readonly find: JWTVerifyGetKey
  /** After a signature that its key did not make: other keys than `find` knew, if there are any now. */
  renewed(): Promise<JWTVerifyGetKey | undefined>
}

/** An unknown `kid`, or a signature that does not fit, leads to one fetch in this time. */
const defaultCooldownSeconds = 30

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof joseErrors.JWKSNoMatchingKey ||
    error instanceof joseErrors.JWKSMultipleMatchingKeys ||
    error instanceof joseErrors.JOSENotSupported
  )
}

function keysOf(issuer: TrustedIssuer, operatorFetch: OperatorFetch, cooldownSeconds: number): IssuerKeys {
  if (issuer.jwks !== undefined) {
    // The one cast: createLocalJWKSet itself throws on anything that is not a key set.
    return { find: createLocalJWKSet(issuer.jwks as unknown as JSONWebKeySet), renewed: async () => undefined }
  }
  const remote = createRemoteJWKSet(new URL(issuer.jwksUri ?? ''), {
    [customFetch]: (url, init) => operatorFetch(url, { headers: init.headers, signal: init.signal }),
    // A withdrawn key is unknown at most ten minutes later.
    cacheMaxAge: 600_000,
    cooldownDuration: cooldownSeconds * 1_000,
  })
  const find: JWTVerifyGetKey = async (header, token) => {
    try {
      return await remote(header, token)
    } catch (error) {
      throw isAboutToken(error) ? error : new KeysUnavailable(issuer.issuer, error)
    }
  }
  return {
    find,
    renewed: async () => {
      const known = remote.jwks()
      // An issuer that is down says nothing new: the known keys have judged.
      if (!remote.coolingDown) await remote.reload().catch(() => undefined)
      return JSON.stringify(remote.jwks()) === JSON.stringify(known) ? undefined : find
    },
  }
}

/** An issuer that lost its keys may come back with other ones under the same `kid`. */
async function verifyWith(keys: IssuerKeys, assertion: string, options: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(assertion, keys.find, options)).payload
  } catch (error) {
    if (!(error instanceof joseErrors.JWSSignatureVerificationFailed)) throw error
    const renewed = await keys.renewed()
    if (renewed === undefined) throw error
    return (await jwtVerify(assertion, renewed, options)).payload
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
  trustedIssuers: () => readonly TrustedIssuer[],
  operatorFetch: OperatorFetch,
  clock: Clock,
  cooldownSeconds = defaultCooldownSeconds,
): (assertion: string) => Promise<SignedAssertion> {
  const sources = new Map<string, { readonly of: string; readonly issuer: TrustedIssuer; readonly keys: IssuerKeys }>()
  /** An issuer that is declared as before keeps the keys that were fetched. */
  function sourceOf(name: string) {
    const issuer = trustedIssuers().find((trusted) => trusted.issuer === name)
    if (issuer === undefined) {
      sources.delete(name)
      return undefined
    }
    const of = JSON.stringify(issuer)
    const known = sources.get(name)
    const source = known?.of === of ? known : { of, issuer, keys: keysOf(issuer, operatorFetch, cooldownSeconds) }
    sources.set(name, source)
    return source
  }
  return async (assertion) => {
    if (assertion.length > longestAssertion) throw new AssertionRefused('longer than any assertion')
    const source = sourceOf(String(issuerNamedIn(assertion)))
    if (source === undefined) throw new AssertionRefused('its issuer is not trusted')
    try {
      const claims = await verifyWith(source.keys, assertion, {
        algorithms: [...source.issuer.algorithms],
        typ: identityAssertionType,
        currentDate: clock.now(),
        // Times are judged with all other claims.
        clockTolerance: Number.MAX_SAFE_INTEGER,
      })
      return { trustedIssuer: source.issuer, claims }
    } catch (error) {
      if (error instanceof KeysUnavailable) throw error
      throw new AssertionRefused(error instanceof Error ? error.message : 'not a JWT', { cause: error })
    }
  }
}
