/**
 * The scopes that an authorization request asks for, with the words of their declarations, and the engine's Grant for those that
 * were allowed.
 */
import { type ResourceDeclaration, type ScopeDeclaration, scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, parseScope } from '../../oauth/scope.js'
import { claimsByScope } from '../endpoints/requested-claims.js'
import { isSignInAlone } from '../endpoints/requested-scopes.js'
import type { ConsentScopeContext } from '../pages/views.js'
import { openidScopes, type Resources, toolsOfScope } from '../resources/resources.js'
import type { Interaction } from './interaction.js'

export interface RequestedAccess {
  /** Absent for plain OpenID Connect. */
  readonly resource: ResourceDeclaration | undefined
  /** Requested as a scope, or by claims that the scope has. */
  readonly openid: readonly string[]
  /** Names of the scopes that were requested as such. */
  readonly scopeNames: ReadonlySet<string>
  /** Claims that were requested one by one, by the scope that has them. */
  readonly claims: ReadonlyMap<string, readonly string[]>
  readonly scopes: readonly ScopeDeclaration[]
}

/** Unknown scopes are left out: they are neither shown nor granted. */
export function requestedAccess(interaction: Pick<Interaction, 'parameter'>, resources: Resources): RequestedAccess {
  const scope = interaction.parameter('scope')
  const requested = new Set(parseScope(scope))
  const claims = claimsByScope(interaction.parameter('claims'))
  const named = interaction.parameter('resource')
  const implied = isSignInAlone(scope) ? undefined : resources.fallback
  const resource = named === undefined ? implied : resources.find(named)
  return {
    resource,
    openid: openidScopes.filter((name) => requested.has(name) || claims.has(name)),
    scopeNames: requested,
    claims,
    scopes: (resource?.scopes ?? []).filter(({ name }) => requested.has(name)),
  }
}

/** Scopes that let their holder do what cannot be undone: by their own declaration, or by that of a scope they include. */
export function destructiveScopes({ resource, scopes }: RequestedAccess): ReadonlySet<string> {
  const hierarchy = resource === undefined ? {} : scopeHierarchyOf(resource)
  const declared = new Set(resource?.scopes.filter(({ destructive }) => destructive).map(({ name }) => name))
  const names = scopes.map(({ name }) => name)
  return new Set(names.filter((name) => [...expandScopes([name], hierarchy)].some((scope) => declared.has(scope))))
}

/**
 * The scopes of the consent page, the resource's first. All are ticked; with `caution`, all that can be undone: another site may have
 * sent the person here, and a hasty Allow must not destroy anything.
 */
export function consentScopes(
  access: RequestedAccess,
  grantedBefore: ReadonlySet<string>,
  caution: boolean,
): ConsentScopeContext[] {
  const { resource, openid, scopes } = access
  const dangerous = destructiveScopes(access)
  const titles = new Map(resource?.scopes.map(({ name, title }) => [name, title]))
  const ofResource = scopes.map(({ name, title, description, includes }) => ({
    name,
    title,
    description: description === '' ? undefined : description,
    destructive: dangerous.has(name),
    checked: !(caution && dangerous.has(name)),
    alreadyGranted: grantedBefore.has(name),
    required: false,
    includes: includes.flatMap((included) => titles.get(included) ?? []),
    tools: resource === undefined ? [] : [...toolsOfScope(resource, name)],
  }))
  const ours = openid.map((name) => ({
    name,
    ours: name,
    title: '',
    destructive: false,
    checked: true,
    alreadyGranted: grantedBefore.has(name),
    required: name === 'openid',
    includes: [],
    tools: [],
  }))
  return [...ofResource, ...ours]
}

/** The requested resource scopes that only read: those that say so, or that another scope of the resource includes. */
export function readOnlyScopes({ resource, scopes }: RequestedAccess): readonly string[] {
  const included = new Set(resource?.scopes.flatMap((scope) => scope.includes))
  const readsOnly = ({ name, destructive, readOnly }: ScopeDeclaration) =>
    readOnly ?? (included.has(name) && !destructive)
  return scopes.filter(readsOnly).map(({ name }) => name)
}

/** True when there is something to leave out, so that "read only" means something. */
export function offersReadOnly(access: RequestedAccess): boolean {
  const readOnly = readOnlyScopes(access)
  return readOnly.length > 0 && readOnly.length < access.scopes.length
}
