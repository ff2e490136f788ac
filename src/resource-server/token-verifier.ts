/**
 * Configures how a resource verifies tokens: the trusted authorization servers, the discovery of each and the checks of its tokens, with a
 * cache for each. Makes no request before the first token arrives, so servers may start in any order.
 */
import { OAuthError } from '../oauth/errors.js'
import { type FetchFunction, invalidToken, type TokenVerifier, verificationUnavailable } from './access-token.js'
import { accessTokenFromClaims, type TokenRules } from './claims.js'
import type { ClientCredentials } from './client-authentication.js'
import { createIssuerDiscovery, type IssuerDiscovery, type IssuerDiscoveryOptions } from './discovery.js'
import { createIntrospectionVerifier } from './introspection.js'
import { createRemoteKeySet } from './key-set.js'
import { createStaticKeySet, type StaticKey } from './static-keys.js'
import { cacheVerifiedTokens } from './token-cache.js'
import { routeByIssuer, routeByShape } from './token-routing.js'
import { createJwtVerifier, type JwtRules } from './verifier.js'

/** Introspection of tokens (RFC 7662): this resource server's own credentials, and the use of the responses. */
export type IntrospectionSettings = ClientCredentials & {
  /** Default: as discovered. */
  readonly endpoint?: string
  /**
   * Which tokens to introspect. `opaque`, the default: tokens that are not JWTs. `refused`: also those that fail as JWTs. `all`: every
   * token, so that revoked JWTs are noticed.
   */
  readonly tokens?: 'opaque' | 'refused' | 'all'
  /** How long a response is cached, and so how long a revoked token may be accepted; default 10. */
  readonly maxAgeSeconds?: number
}

/** How long a verified JWT is cached before the keys are checked again: a token whose key was removed must not be accepted until `exp`. */
const jwtMaxAgeSeconds = 600

type FindingOptions = Omit<IssuerDiscoveryOptions, 'fetch' | 'clock'>
type ServerRules = Pick<JwtRules, 'algorithms' | 'maxLifetimeSeconds' | 'requireAccessTokenType' | 'checkClaims'>

/** An authorization server whose tokens are accepted. `issuer` is enough for one that publishes metadata and keys. */
export interface TrustedServer extends FindingOptions, ServerRules {
  /** Its configured public keys; then none are fetched. */
  readonly keys?: readonly StaticKey[]
  /** URL of its keys; default: as discovered. */
  readonly jwksUri?: string
  readonly introspection?: IntrospectionSettings
}

/** Rules for the tokens of all servers; each server may have further ones. */
export interface TokenVerifierSettings extends Omit<TokenRules, 'issuer'> {
  /** At least one. The `iss` of a token only selects among them. */
  readonly authorizationServers: readonly TrustedServer[]
  /** The `issuer` of the introspecting server that opaque tokens are sent to, if there are several: no other server may see them. */
  readonly opaqueTokensOf?: string
  readonly fetch: FetchFunction
  /** Maximum cached tokens for each server; default 10 000. */
  readonly maxCachedTokens?: number
}

export interface TrustedTokens {
  readonly verify: TokenVerifier
  /** By issuer, to contact servers at start-up, or to read their documents. */
  readonly discoveries: ReadonlyMap<string, IssuerDiscovery>
}

interface ServerVerifiers {
  readonly issuer: string
  readonly jwt: TokenVerifier
  readonly opaque: TokenVerifier | undefined
}

/** How long an introspection response is cached: the maximum delay until a revoked opaque token is refused. */
export const introspectionMaxAgeSeconds = 10

const neverOpaque: TokenVerifier = async () => {
  throw invalidToken('not a JWT, and nobody is asked about other tokens')
}

function introspectionOf(
  { issuer, introspection }: TrustedServer,
  rules: TokenRules,
  discovery: IssuerDiscovery,
  { fetch, maxCachedTokens: maxEntries }: TokenVerifierSettings,
): TokenVerifier | undefined {
  if (introspection === undefined) return undefined
  const { endpoint, tokens: _, maxAgeSeconds = introspectionMaxAgeSeconds, ...credentials } = introspection
  const locate = endpoint === undefined ? () => discovery.introspectionEndpoint() : async () => endpoint
  const verify = createIntrospectionVerifier({ ...rules, ...credentials, issuer, endpoint: locate, fetch })
  return cacheVerifiedTokens(verify, { clock: rules.clock, maxAgeSeconds, ...(maxEntries && { maxEntries }) })
}

function keysOf({ keys, jwksUri }: TrustedServer, discovery: IssuerDiscovery, { fetch, clock }: TokenVerifierSettings) {
  if (keys !== undefined) return createStaticKeySet(keys)
  const locate = jwksUri === undefined ? async () => (await discovery.endpoints()).jwksUri : async () => jwksUri
  return createRemoteKeySet({ jwksUri: locate, fetch, clock })
}

/** Both the resource's rules and the server's own apply. */
function rulesFor({ issuer, checkClaims }: TrustedServer, settings: TokenVerifierSettings): TokenRules {
  const checks = [settings.checkClaims, checkClaims].filter((check) => check !== undefined)
  const { authorizationServers: _, opaqueTokensOf: __, fetch: ___, maxCachedTokens: ____, ...rules } = settings
  return {
    ...rules,
    issuer,
    checkClaims: (accessToken) => checks.map((check) => check(accessToken)).find((reason) => reason !== undefined),
  }
}

function verifiersOf(
  server: TrustedServer,
  discovery: IssuerDiscovery,
  settings: TokenVerifierSettings,
): ServerVerifiers {
  const rules = rulesFor(server, settings)
  const { issuer, algorithms, maxLifetimeSeconds, requireAccessTokenType } = server
  const opaque = introspectionOf(server, rules, discovery, settings)
  if (opaque !== undefined && server.introspection?.tokens === 'all') return { issuer, jwt: opaque, opaque }
  const verified = createJwtVerifier({
    ...rules,
    ...(algorithms !== undefined && { algorithms }),
    ...(maxLifetimeSeconds !== undefined && { maxLifetimeSeconds }),
    ...(requireAccessTokenType !== undefined && { requireAccessTokenType }),
    keys: keysOf(server, discovery, settings),
  })
  const { clock, maxCachedTokens: maxEntries } = settings
  const jwt = cacheVerifiedTokens(verified, {
    clock,
    maxAgeSeconds: jwtMaxAgeSeconds,
    ...(maxEntries && { maxEntries }),
  })
  if (opaque === undefined || server.introspection?.tokens !== 'refused') return { issuer, jwt, opaque }
  return { issuer, jwt: routeByShape({ jwt, opaque, fallBackToOpaque: true }), opaque }
}

/** The one server that may see opaque tokens. */
function opaqueVerifier(all: readonly ServerVerifiers[], chosen: string | undefined): TokenVerifier | undefined {
  const candidates = all.filter(({ issuer, opaque }) => opaque !== undefined && issuer === (chosen ?? issuer))
  if (candidates.length > 1)
    throw new TypeError('several authorization servers introspect: opaqueTokensOf must name one of them')
  if (chosen !== undefined && candidates.length === 0)
    throw new TypeError('opaqueTokensOf names no authorization server that introspects')
  return candidates[0]?.opaque
}

/**
 * A verifier for the tokens of all trusted servers. A token of any other issuer is refused without a fetch. Throws a TypeError immediately
 * for contradictory settings.
 */
export function createTokenVerifier(settings: TokenVerifierSettings): TrustedTokens {
  const { authorizationServers: servers, fetch, clock } = settings
  const discoveries = new Map(
    servers.map((server) => [server.issuer, createIssuerDiscovery({ ...server, fetch, clock })] as const),
  )
  if (servers.length === 0) throw new TypeError('no authorization server is trusted')
  if (discoveries.size < servers.length) throw new TypeError('an authorization server is listed twice')
  const all = servers.flatMap((server) => {
    const discovery = discoveries.get(server.issuer)
    return discovery === undefined ? [] : [verifiersOf(server, discovery, settings)]
  })
  const opaque = opaqueVerifier(all, settings.opaqueTokensOf)
  const [only, ...others] = all
  if (only !== undefined && others.length === 0 && (opaque === undefined || opaque === only.jwt))
    return { verify: only.jwt, discoveries }
  const jwt = routeByIssuer(new Map(all.map(({ issuer, jwt }) => [issuer, jwt])))
  return { verify: routeByShape({ jwt, opaque: opaque ?? neverOpaque }), discoveries }
}

/**
 * A verifier around a custom function that returns the claims of a token, or `undefined` for an invalid one. Any error except an OAuthError
 * counts as an outage (503). Audience, times, client and binding are still checked here. Does not cache.
 */
export function createCustomVerifier(
  claimsOf: (token: string) => Promise<Readonly<Record<string, unknown>> | undefined>,
  rules: TokenRules,
): TokenVerifier {
  return async (token) => {
    const claims = await claimsOf(token).catch((error: unknown) => {
      if (error instanceof OAuthError) throw error
      throw verificationUnavailable('the verifying function failed', error)
    })
    if (claims === undefined) throw invalidToken('the verifying function knows no such token')
    return accessTokenFromClaims(claims, rules)
  }
}
