/**
 * Puts together how a resource verifies tokens: which authorization servers it trusts, how each is found and how its tokens are
 * checked, with a cache in front of each. Contacts nobody before the first token arrives, so servers may start in any order.
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

/** How opaque tokens are verified (RFC 7662): this resource server's own credentials, and how far the answers carry. */
export type IntrospectionSettings = ClientCredentials & {
  /** Default: as discovered. */
  readonly endpoint?: string
  /**
   * Which tokens are asked about. `opaque`, the default: those that are no JWTs. `refused`: those too that fail as JWTs. `all`: every
   * token, so that revoked JWTs are noticed.
   */
  readonly tokens?: 'opaque' | 'refused' | 'all'
  /** How long an answer is believed, and so a revoked token taken; default 10. */
  readonly maxAgeSeconds?: number
}

/** How long a verified JWT is believed without another look at the keys: one whose key was withdrawn must not live on until `exp`. */
const jwtMaxAgeSeconds = 600

type FindingOptions = Omit<IssuerDiscoveryOptions, 'fetch' | 'clock'>
type ServerRules = Pick<JwtRules, 'algorithms' | 'maxLifetimeSeconds' | 'requireAccessTokenType' | 'checkClaims'>

/** One authorization server whose tokens are taken. `issuer` alone is enough for one that publishes metadata and keys. */
export interface TrustedServer extends FindingOptions, ServerRules {
  /** Its public keys, known beforehand: then no key is fetched. */
  readonly keys?: readonly StaticKey[]
  /** Where its keys are; default: as discovered. */
  readonly jwksUri?: string
  readonly introspection?: IntrospectionSettings
}

/** Rules for the tokens of every server; each server may have further ones. */
export interface TokenVerifierSettings extends Omit<TokenRules, 'issuer'> {
  /** At least one. The `iss` of a token only chooses among them. */
  readonly authorizationServers: readonly TrustedServer[]
  /** Which of several introspecting servers opaque tokens are sent to: nobody else may see them. Its `issuer`. */
  readonly opaqueTokensOf?: string
  readonly fetch: FetchFunction
  /** Tokens remembered for each server; default 10 000. */
  readonly maxCachedTokens?: number
}

export interface TrustedTokens {
  readonly verify: TokenVerifier
  /** By issuer, for those who want to look servers up at start, or to read their documents. */
  readonly discoveries: ReadonlyMap<string, IssuerDiscovery>
}

interface ServerVerifiers {
  readonly issuer: string
  readonly jwt: TokenVerifier
  readonly opaque: TokenVerifier | undefined
}

/** How long an introspection answer is believed: a revoked opaque token is refused at most this much later. */
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

/** Both a resource's rules and a server's own are asked. */
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
 * A verifier for the tokens of all trusted servers. A token from an issuer that is not among them is refused without anything
 * being fetched. Throws a TypeError at once for settings that contradict each other.
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
 * A verifier around a function of the caller's own that finds out what a token says, `undefined` being a bad one; what it throws
 * that is no OAuthError counts as an outage (503). Audience, times, client and binding are still checked here. Does not cache.
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
