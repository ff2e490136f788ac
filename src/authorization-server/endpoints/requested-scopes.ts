/**
 * The meaning of a `scope` parameter, in one place for every endpoint and grant. `parameters.ts` writes the meaning back into the
 * request, so that the engine, the consent page and the tokens never see anything else:
 *
 * - unknown scopes are ignored (RFC 6749 §3.3, OpenID Connect Core §3.1.2.1);
 * - a request for a resource that names none of its scopes asks for the resource's default scopes (RFC 6749 §3.3);
 * - `openid` without a resource and without a resource's scope is a sign-in alone, and means no resource.
 *
 * A list with a character that RFC 6749 §3.3 does not allow stays as it is: the engine answers `invalid_scope`.
 */
import type { ResourceDeclaration } from '../../oauth/resource.js'
import { formatScope, isScopeToken, parseScope } from '../../oauth/scope.js'
import { isOpenidScope, type Resources } from '../resources/resources.js'

function scopesOf(resources: readonly ResourceDeclaration[]): ReadonlySet<string> {
  return new Set(resources.flatMap(({ scopes }) => scopes.map(({ name }) => name)))
}

function isMalformed(tokens: readonly string[]): boolean {
  return !tokens.every(isScopeToken)
}

/** True when every scope belongs to this server itself and one of them is `openid`: a sign-in alone (OpenID Connect Core §3.1.2.1). */
export function isSignInAlone(scope: string | undefined): boolean {
  const scopes = parseScope(scope)
  return scopes.includes('openid') && scopes.every(isOpenidScope)
}

/**
 * The scopes that a person is asked for. `named`: the resources of the request; none when it names none. Never empty, because no
 * person should see a consent page without a scope to allow.
 */
export function scopesForPerson(
  scope: string | undefined,
  named: readonly ResourceDeclaration[],
  { fallback, scopeNames }: Pick<Resources, 'fallback' | 'scopeNames'>,
): string {
  const tokens = parseScope(scope)
  if (isMalformed(tokens)) return scope ?? ''
  const meant = named.length > 0 ? named : [fallback ?? []].flat()
  // Without a default the engine refuses the request, unless it is a sign-in alone.
  const ofResources = meant.length === 0 ? scopeNames : scopesOf(meant)
  const known = tokens.filter((token) => isOpenidScope(token) || ofResources.has(token))
  if (named.length === 0 && known.includes('openid')) return formatScope(known)
  const asked = new Set(tokens)
  const unasked = meant.filter(({ scopes }) => !scopes.some(({ name }) => asked.has(name)))
  return formatScope([...known, ...unasked.flatMap(({ defaultScopes }) => defaultScopes)])
}

/** The scopes of a machine (client_credentials): those of the resource alone. Scopes about a person mean nothing for it. */
export function scopesForMachine(scope: string | undefined, resource: ResourceDeclaration): string {
  const tokens = parseScope(scope)
  if (isMalformed(tokens)) return scope ?? ''
  const ofResource = scopesOf([resource])
  const known = tokens.filter((token) => ofResource.has(token))
  return formatScope(known.length === 0 ? resource.defaultScopes : known)
}

/**
 * The known scopes of a list that may only narrow something granted before (refresh, assertion). `isAboutPerson`: scopes of this server
 * itself count, too; an assertion gives none of them. `undefined`: the list narrows nothing, because none of its scopes is known.
 */
export function narrowingScopes(
  scope: string | undefined,
  { scopeNames }: Pick<Resources, 'scopeNames'>,
  isAboutPerson: boolean,
): string | undefined {
  const tokens = parseScope(scope)
  if (isMalformed(tokens)) return scope
  const known = tokens.filter((token) => (isAboutPerson && isOpenidScope(token)) || scopeNames.has(token))
  return known.length === 0 ? undefined : formatScope(known)
}

/** Scopes that a refresh may name: everything that was granted. */
export interface RefreshedAccess {
  /** Scopes of this server itself that were granted. */
  readonly identity: readonly string[]
  /** Scopes of the resource that were granted. */
  readonly ofResource: readonly string[]
  /** The request names the resource itself. */
  readonly namesResource: boolean
}

/**
 * The scopes that a refresh asks for. `offline_access` that was ignored at the authorization request is ignored again: clients repeat
 * the whole list at every refresh. A refresh for the resource that names none of its scopes keeps those it has, as an authorization
 * request gets the defaults; `openid` without them narrows to the sign-in. Anything else that was not granted stays in the list, and
 * the engine answers `invalid_scope` (RFC 6749 §6). So does a malformed list.
 */
export function scopesForRefresh(
  scope: string,
  { identity, ofResource, namesResource }: RefreshedAccess,
): string | undefined {
  const tokens = parseScope(scope)
  // Without its first scope, a malformed list could read as a well-formed one.
  if (isMalformed(tokens)) return scope
  const asked = tokens.filter((token) => token !== 'offline_access' || identity.includes(token))
  if (asked.length === 0) return undefined
  const isForResource = namesResource || !asked.includes('openid')
  const namesScope = asked.some((token) => !isOpenidScope(token))
  return formatScope(namesScope || !isForResource ? asked : [...asked, ...ofResource])
}
