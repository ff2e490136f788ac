/** What a program says about the resources it protects, and the mistakes that can be made in saying it. */
import { dpopProofAlgorithms } from '../oauth/dpop.js'
import { issuerUrl, protectedResourceUrl } from '../oauth/public-url.js'
import { isScopeToken, type ScopeHierarchy } from '../oauth/scope.js'
import type { TokenVerifier } from './access-token.js'
import type { BearerOptions } from './bearer.js'
import type { TokenRules } from './claims.js'
import type { ProofReplayStore } from './dpop.js'
import type { OperationRules } from './operations.js'
import { descriptionMistakes, type ResourceDescription } from './resource-description.js'
import type { RevocationCheck } from './revocation-feed.js'
import { bearerMethodsOf, type TokenPlaces } from './token-place.js'
import type { TrustedServer } from './token-verifier.js'

/** One protected resource. Only `resource` and `authorizationServers` are needed. */
export interface ProtectedResourceSettings
  extends Omit<TokenRules, 'issuer' | 'audience' | 'clock' | 'takesBoundTokens'>,
    TokenPlaces,
    Pick<BearerOptions, 'realm' | 'requireMetadataOn401'> {
  /** The URL of the MCP endpoint as clients know it: the `aud` of its tokens (RFC 8707), the `resource` of its metadata. */
  readonly resource: string
  /** Former URLs that still lead here. Tokens never name them. */
  readonly aliases?: readonly string[]
  /**
   * Authorization servers whose tokens are accepted, in the order in which clients should try them. An issuer identifier
   * suffices.
   */
  readonly authorizationServers: AuthorizationServer | readonly AuthorizationServer[]
  /** Name for people (`resource_name`). */
  readonly name?: string
  /** Scopes that mean something here: a list, or which includes which: `{ 'notes:write': ['notes:read'] }`. */
  readonly scopes?: readonly string[] | ScopeHierarchy
  /** `scopes_supported` of the metadata: the useful baseline. Default: all of `scopes`. */
  readonly advertisedScopes?: readonly string[]
  /** Scopes in the challenge for a client without a token. Default: `requiredScopes`, or the advertised ones. */
  readonly challengeScopes?: readonly string[]
  /** What every request needs, all of them. Default: none, any valid token will do. */
  readonly requiredScopes?: readonly string[]
  /** Further members of the metadata (RFC 9728 §2): documentation, policies, translations, keys of its own. */
  readonly metadata?: Omit<
    ResourceDescription,
    | 'resource'
    | 'authorizationServers'
    | 'scopesSupported'
    | 'resourceName'
    | 'bearerMethodsSupported'
    | 'dpopSigningAlgValuesSupported'
    | 'dpopBoundAccessTokensRequired'
  >
  /** What single tools, resources, prompts and methods need. Given: the body of every POST is judged before it is served. */
  readonly operations?: Omit<OperationRules, 'hierarchy'>
  /** Which of several introspecting authorization servers opaque tokens are sent to: its issuer. */
  readonly opaqueTokensOf?: string
  /**
   * Key-bound tokens (RFC 9449) are taken with a proof, and each proof once in this process. `replays`: once at all processes
   * that share the store; `required`: no other tokens are taken; `false`: bound tokens are refused.
   */
  readonly dpop?: false | DpopSettings
  /** Asked about every token that is good otherwise, remembered ones too: what `followRevocations` answers. */
  readonly revocations?: RevocationCheck
  /** Verifies tokens in place of everything that the authorization servers' settings say. It must check the audience. */
  readonly verify?: TokenVerifier
}

export type AuthorizationServer = string | TrustedServer

export interface DpopSettings {
  readonly replays?: ProofReplayStore
  readonly required?: boolean
}

export function authorizationServersOf(settings: ProtectedResourceSettings): readonly TrustedServer[] {
  const { authorizationServers: given } = settings
  const list: readonly AuthorizationServer[] = typeof given === 'string' || 'issuer' in given ? [given] : given
  return list.map((one) => (typeof one === 'string' ? { issuer: one } : one))
}

export function hierarchyOf({ scopes = [] }: ProtectedResourceSettings): ScopeHierarchy {
  return isList(scopes) ? Object.fromEntries(scopes.map((scope) => [scope, []])) : scopes
}

function advertisedScopesOf(settings: ProtectedResourceSettings): readonly string[] {
  return settings.advertisedScopes ?? Object.keys(hierarchyOf(settings))
}

export function challengeScopesOf(settings: ProtectedResourceSettings): readonly string[] {
  return settings.challengeScopes ?? settings.requiredScopes ?? advertisedScopesOf(settings)
}

/** The metadata for clients that know the resource by this URL. */
export function descriptionOf(settings: ProtectedResourceSettings, url: string): ResourceDescription {
  const { name, dpop = {}, metadata = {} } = settings
  const scopesSupported = advertisedScopesOf(settings)
  const { signedMetadata, ...unsigned } = metadata
  return {
    ...unsigned,
    // It names one URL under its signature.
    ...(url === settings.resource && { signedMetadata }),
    resource: url,
    authorizationServers: authorizationServersOf(settings).map(({ issuer }) => issuer),
    ...(scopesSupported.length > 0 && { scopesSupported }),
    bearerMethodsSupported: bearerMethodsOf(settings),
    resourceName: name,
    ...(dpop !== false && {
      dpopSigningAlgValuesSupported: dpopProofAlgorithms,
      dpopBoundAccessTokensRequired: dpop.required ?? false,
    }),
  }
}

/** Array.isArray does not narrow read-only arrays. */
function isList(value: readonly string[] | ScopeHierarchy): value is readonly string[] {
  return Array.isArray(value)
}

/** Reads a URL with a reader that throws what is wrong with it. */
function mistakeOf(name: string, text: string, read: (text: string) => string): string[] {
  try {
    const written = read(text)
    return written === text.replace(/\/$/, '') ? [] : [`${name} ${text} must be written ${written}`]
  } catch (error) {
    return [`${name} ${text} ${error instanceof Error ? error.message : 'is no URL'}`]
  }
}

/** Those that are published are looked at with the rest of what is. */
function scopeMistakes(settings: ProtectedResourceSettings): string[] {
  const hierarchy = hierarchyOf(settings)
  const named = [
    ...Object.keys(hierarchy),
    ...Object.values(hierarchy).flat(),
    ...(settings.requiredScopes ?? []),
    ...challengeScopesOf(settings),
  ]
  return [...new Set(named)].filter((scope) => !isScopeToken(scope)).map((scope) => `"${scope}" is no scope`)
}

function mistakesOfOne(settings: ProtectedResourceSettings): readonly string[] {
  const { resource, aliases = [] } = settings
  const issuers = authorizationServersOf(settings).map(({ issuer }) => issuer)
  const mistakes = [
    ...mistakeOf('resource', resource, protectedResourceUrl),
    ...aliases.flatMap((alias) => mistakeOf('alias', alias, protectedResourceUrl)),
    ...issuers.flatMap((issuer) => mistakeOf('issuer', issuer, issuerUrl)),
    ...(issuers.length === 0 ? [`${resource} has no authorization server`] : []),
    ...scopeMistakes(settings),
  ]
  return mistakes.length > 0 ? mistakes : descriptionMistakes(descriptionOf(settings, resource))
}

/** Everything that is wrong with the settings, one sentence each; none when they can be used. */
export function settingsMistakes(resources: readonly ProtectedResourceSettings[]): string[] {
  const urls = resources.flatMap(({ resource, aliases = [] }) => [resource, ...aliases])
  const identifiers = urls.map((url) => url.replace(/\/$/, ''))
  const repeated = identifiers.filter((url, index) => identifiers.indexOf(url) !== index)
  return [
    ...(resources.length === 0 ? ['there is no resource'] : []),
    ...resources.flatMap(mistakesOfOne),
    ...[...new Set(repeated)].map((url) => `${url} stands for two resources`),
  ]
}
