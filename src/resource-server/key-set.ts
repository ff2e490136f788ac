/**
 * The issuer's public keys (RFC 7517). Known keys stay in use while the issuer is down, for up to a day. An unknown `kid`, or an invalid
 * signature, causes at most one fetch per cool-down, so forged tokens cannot flood the issuer with requests.
 */
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { type FetchFunction, type VerifierClock, verificationUnavailable } from './access-token.js'
import { keepCopy } from './kept-copy.js'

export interface RemoteKeySetOptions {
  /** The URL of the keys; called before each fetch, so that it may come from discovery. */
  readonly jwksUri: () => Promise<string>
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** Default 30. */
  readonly cooldownSeconds?: number
  /**
   * Keys older than this are renewed in the background; default 600. A removed key becomes unknown after the first token that triggers
   * this.
   */
  readonly freshSeconds?: number
}

/** Keys that may change later, even under the same `kid`. */
export interface RenewableKeySet extends JWTVerifyGetKey {
  /** A newer copy if the cool-down allows a fetch and it succeeds, otherwise the current one. Call after an invalid signature. */
  renewed(): Promise<JWTVerifyGetKey>
}

async function fetchKeySet(options: RemoteKeySetOptions): Promise<ReturnType<typeof createLocalJWKSet>> {
  const uri = await options.jwksUri()
  try {
    const response = await options.fetch(uri, { headers: { accept: 'application/jwk-set+json, application/json' } })
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    // The one cast: createLocalJWKSet itself throws on anything that is not a key set.
    return createLocalJWKSet((await response.json()) as JSONWebKeySet)
  } catch (error) {
    throw verificationUnavailable(`fetching the key set failed: ${String(error)}`, error)
  }
}

/**
 * A key source for `createJwtVerifier`. Throws `temporarily_unavailable` if no key set could be fetched yet, or none within a day. For a
 * key that is not in the set it throws jose's JWKSNoMatchingKey, which the verifier treats as an invalid token.
 */
export function createRemoteKeySet(options: RemoteKeySetOptions): RenewableKeySet {
  const keySet = keepCopy({
    load: () => fetchKeySet(options),
    clock: options.clock,
    freshSeconds: options.freshSeconds ?? 600,
    usableSeconds: 86_400,
    cooldownSeconds: options.cooldownSeconds ?? 30,
    longestBackOffSeconds: 5,
  })
  const find: JWTVerifyGetKey = async (header, token) => {
    const known = await keySet.current()
    try {
      return await known(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error
      const renewed = await keySet.renewed()
      if (renewed === known) throw error
      return renewed(header, token)
    }
  }
  return Object.assign(find, { renewed: () => keySet.renewed() })
}
