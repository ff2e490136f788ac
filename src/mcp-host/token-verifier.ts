/** Configures the library's token verification for one issuer, with JWTs or opaque tokens. */
import type { Clock } from '../base/clock.js'
import type { FetchFunction, TokenVerifier } from '../resource-server/access-token.js'
import { type ApiKeyStore, takeApiKeys } from '../resource-server/api-keys.js'
import { createTokenVerifier as createVerifier } from '../resource-server/token-verifier.js'

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
  /** If set, tokens are opaque and introspected; otherwise they are JWTs and verified locally. */
  readonly introspection?: IntrospectionCredentials | undefined
  /** Former ones: API keys for them are taken. */
  readonly aliases?: readonly string[] | undefined
  /** If set, API keys are accepted, too. */
  readonly apiKeys?: ApiKeyStore | undefined
  /** For URLs from configuration. */
  readonly fetch: FetchFunction
  readonly clock: Clock
}

/** Contacts nobody before the first token arrives, so the two servers may start in any order. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, internalUrl, audience, introspection, apiKeys: store, aliases, fetch, clock } = options
  const server = {
    issuer,
    ...(internalUrl !== undefined && { internalUrl }),
    ...(introspection !== undefined && { introspection: { ...introspection, tokens: 'all' as const } }),
  }
  // The guard in front of the endpoint checks the proofs (app.ts).
  const { verify } = createVerifier({ audience, authorizationServers: [server], takesBoundTokens: true, fetch, clock })
  // Outside the cache, so that a removed key is refused at once.
  return store === undefined ? verify : takeApiKeys(verify, { store, clock, resource: audience, aliases })
}
