/** How this server verifies tokens: the library's way, of one issuer, JWTs or opaque tokens. */
import type { Clock } from '../platform/clock.js'
import {
  createTokenVerifier as createVerifier,
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

/** Contacts nobody before the first token arrives, so the two servers may start in any order. */
export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const { issuer, internalUrl, audience, introspection, fetch, clock } = options
  const server = {
    issuer,
    ...(internalUrl !== undefined && { internalUrl }),
    ...(introspection !== undefined && { introspection: { ...introspection, tokens: 'all' as const } }),
  }
  // The guard in front of the endpoint checks the proofs (app.ts).
  return createVerifier({ audience, authorizationServers: [server], takesBoundTokens: true, fetch, clock }).verify
}
