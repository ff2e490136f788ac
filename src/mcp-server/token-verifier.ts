/** Puts together how this server verifies tokens: discovery, then keys or introspection, then the cache. */
import type { Clock } from '../platform/clock.js'
import {
  cacheVerifiedTokens,
  createIntrospectionVerifier,
  createIssuerDiscovery,
  createJwtVerifier,
  createRemoteKeySet,
  type FetchFunction,
  type TokenVerifier,
} from '../resource-server/index.js'

/** This server's own credentials at the authorization server. */
export interface IntrospectionCredentials {
  readonly clientId: string
  readonly clientSecret: string
}

export interface TokenVerifierOptions {
  readonly issuer: string
  /** How the issuer is reached from here, when that differs. */
  readonly internalUrl?: string | undefined
  /** Canonical identifier of this resource. */
  readonly audience: string
  /** Given: tokens are opaque and introspected. Absent: they are JWTs and verified here. */
  readonly introspection?: IntrospectionCredentials | undefined
  /** For URLs from configuration. */
  readonly fetch: FetchFunction
  readonly clock: Clock
}

/** How long an introspection answer is believed: a revoked opaque token is refused at most this much later. */
export const introspectionMaxAgeSeconds = 10

/** Contacts nobody before the first token arrives, so the two servers may start in any order. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, audience, fetch, clock, internalUrl, introspection } = options
  // The guard in front of the endpoint checks the proofs (app.ts).
  const rules = { issuer, audience, clock, takesBoundTokens: true }
  const discovery = createIssuerDiscovery({ issuer, fetch, clock, ...(internalUrl !== undefined && { internalUrl }) })
  if (introspection === undefined) {
    const keys = createRemoteKeySet({ jwksUri: async () => (await discovery.endpoints()).jwksUri, fetch, clock })
    return cacheVerifiedTokens(createJwtVerifier({ ...rules, keys }), { clock })
  }
  const endpoint = () => discovery.introspectionEndpoint()
  const verify = createIntrospectionVerifier({ ...introspection, ...rules, endpoint, fetch })
  return cacheVerifiedTokens(verify, { clock, maxAgeSeconds: introspectionMaxAgeSeconds })
}
