/**
 * What an authorization request asks for, with the words of the declarations: scopes of each resource that it names, and scopes of this
 * server itself. A scope is always one of a resource; the same name at another resource is another scope.
 */
import type { ClientClass } from '../../oauth/declared-resource.js'
import { withheldScopes } from '../../oauth/groups.js'
import { type ScopeDeclaration, scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, parseScope } from '../../oauth/scope.js'
import { claimsByScope } from '../endpoints/requested-claims.js'
import { isSignInAlone } from '../endpoints/requested-scopes.js'
import type { ConsentScopeContext } from '../pages/views.js'
import { barredScopes } from '../resources/ceilings.js'
import { openidScopes, type Resources, type ServedResource, toolsOfScope } from '../resources/resources.js'

/** What is asked of one resource. */
export interface AskedResource {
  readonly resource: ServedResource
  /** Never empty. */
  readonly scopes: readonly ScopeDeclaration[]
  /** Names of those that cannot be allowed: a client of this class may not have them, or they are withheld. */
  readonly barred: ReadonlySet<string>
  /** Of the barred ones, those that such a client may have, and the person may not grant. */
  readonly withheld: ReadonlySet<string>
}

export interface RequestedAccess {
  /** In the order of the request; empty for plain OpenID Connect. */
  readonly resources: readonly AskedResource[]
  readonly clientClass: ClientClass
  /** Requested as a scope, or by claims that the scope has. */
  readonly openid: readonly string[]
  /** Names of the scopes that were requested as such. */
  readonly scopeNames: ReadonlySet<string>
  /** Claims that were requested one by one, by the scope that has them. */
  readonly claims: ReadonlyMap<string, readonly string[]>
}

/** What was allowed of it. */
export interface AllowedAccess {
  readonly openid: readonly string[]
  /** By canonical identifier, in the order of the request; a resource of which nothing was allowed is not there. */
  readonly ofResources: ReadonlyMap<string, readonly string[]>
}

/** A request's parameters. */
export interface AskingParameters {
  /** A value; `undefined` when absent or repeated. */
  parameter(name: string): string | undefined
  /** All values of a parameter that may be repeated. */
  values(name: string): readonly string[]
}

const nothing: ReadonlySet<string> = new Set()

/** How the parameters of the engine are read. */
export function askingParameters(params: Readonly<Record<string, unknown>> | undefined): AskingParameters {
  return {
    parameter: (name) => {
      const value = params?.[name]
      return typeof value === 'string' ? value : undefined
    },
    values: (name) => [params?.[name]].flat().filter((value): value is string => typeof value === 'string'),
  }
}

/** Unknown scopes are left out: they are neither shown nor granted. `groups`: of the person, if it is known who that is. */
export function requestedAccess(
  { parameter, values }: AskingParameters,
  resources: Resources,
  clientClass: ClientClass,
  groups?: ReadonlySet<string>,
): RequestedAccess {
  const scope = parameter('scope')
  const requested = new Set(parseScope(scope))
  const claims = claimsByScope(parameter('claims'))
  const named = values('resource')
  const implied = isSignInAlone(scope) || resources.fallback === undefined ? [] : [resources.fallback]
  const asked = named.length === 0 ? implied : new Set(named.flatMap((each) => resources.find(each) ?? []))
  return {
    resources: [...asked].flatMap((resource) => {
      const scopes = resource.scopes.filter(({ name }) => requested.has(name))
      if (scopes.length === 0) return []
      const ofClass = barredScopes(resource, namesOf(scopes), clientClass)
      const left = namesOf(scopes).filter((name) => !ofClass.has(name))
      const withheld = groups === undefined ? nothing : withheldScopes(resource, left, groups)
      return [{ resource, scopes, barred: new Set([...ofClass, ...withheld]), withheld }]
    }),
    clientClass,
    openid: openidScopes.filter((name) => requested.has(name) || claims.has(name)),
    scopeNames: requested,
    claims,
  }
}

function namesOf(scopes: readonly ScopeDeclaration[]): readonly string[] {
  return scopes.map(({ name }) => name)
}

/** The scopes that can be allowed. */
export function allowableScopes({ scopes, barred }: AskedResource): readonly string[] {
  return namesOf(scopes).filter((name) => !barred.has(name))
}

/** True if the request asks for resources, and for nothing that such a client may have there. */
export function isBarred({ resources }: RequestedAccess): boolean {
  return resources.length > 0 && resources.every((asked) => allowableScopes(asked).length === 0)
}

/** True if it is only the person's groups that leave nothing to be allowed. */
export function isWithheld(access: RequestedAccess): boolean {
  return isBarred(access) && access.resources.some(({ withheld }) => withheld.size > 0)
}

/** Everything that can be allowed. */
export function allAllowable(access: RequestedAccess): AllowedAccess {
  return allowedOf(access, allowableScopes, access.openid)
}

/** `pick`: the names of the scopes that are allowed of one resource. */
export function allowedOf(
  access: RequestedAccess,
  pick: (asked: AskedResource) => readonly string[],
  openid: readonly string[],
): AllowedAccess {
  const picked = access.resources.map((asked) => [asked.resource.resource, pick(asked)] as const)
  return { openid, ofResources: new Map(picked.filter(([, scopes]) => scopes.length > 0)) }
}

/** Everything of it in one list, for the log. */
export function scopesOf({ openid, ofResources }: AllowedAccess): readonly string[] {
  return [...[...ofResources.values()].flat(), ...openid]
}

/** What the audit trail tells of a decision: one event for each resource, with the scopes of this server in all of them. */
export function decisionDetails(
  access: RequestedAccess,
  { openid, ofResources }: AllowedAccess,
): readonly { readonly scopes: readonly string[]; readonly resource: string }[] {
  const decided = decidedResources(access).map((resource) => {
    const own = ofResources.get(resource) ?? []
    return { own, detail: { scopes: [...own, ...openid], resource } }
  })
  const granted = decided.filter(({ own }) => own.length > 0)
  return (granted.length === 0 ? decided.slice(0, 1) : granted).map(({ detail }) => detail)
}

/** The resources that a decision is remembered by: those that were asked for, or none (an empty text) for plain OpenID Connect. */
export function decidedResources({ resources }: RequestedAccess): readonly string[] {
  return resources.length === 0 ? [''] : resources.map(({ resource }) => resource.resource)
}

/** Scopes that let their holder do what cannot be undone: by their own declaration, or by that of a scope they include. */
export function destructiveScopes({ resource, scopes }: AskedResource): ReadonlySet<string> {
  const hierarchy = scopeHierarchyOf(resource)
  const declared = new Set(resource.scopes.filter(({ destructive }) => destructive).map(({ name }) => name))
  return new Set(
    namesOf(scopes).filter((name) => [...expandScopes([name], hierarchy)].some((scope) => declared.has(scope))),
  )
}

/** True if the request asks for something that cannot be undone. */
export function asksForDestructive({ resources }: RequestedAccess): boolean {
  return resources.some((asked) => destructiveScopes(asked).size > 0)
}

/** What a form posts for a scope. With several resources it says which of them is meant: the same name may be two scopes. */
export function postedValue({ resources }: RequestedAccess, { resource }: AskedResource, scope: string): string {
  return resources.length > 1 ? `${resource.resource} ${scope}` : scope
}

/**
 * The scopes of one resource on the consent page. All are ticked; with `caution`, all that can be undone: another site may have sent the
 * person here, and a hasty Allow must not destroy anything.
 */
export function resourceScopes(
  access: RequestedAccess,
  asked: AskedResource,
  grantedBefore: ReadonlySet<string>,
  caution: boolean,
): ConsentScopeContext[] {
  const { resource, scopes, barred, withheld } = asked
  const dangerous = destructiveScopes(asked)
  const titles = new Map(resource.scopes.map(({ name, title }) => [name, title]))
  return scopes.map(({ name, title, description, includes }) => ({
    name,
    value: access.resources.length > 1 ? postedValue(access, asked, name) : undefined,
    title,
    description: description === '' ? undefined : description,
    destructive: dangerous.has(name),
    checked: !barred.has(name) && !(caution && dangerous.has(name)),
    barredFor: withheld.has(name) ? 'person' : barred.has(name) ? access.clientClass : undefined,
    alreadyGranted: !barred.has(name) && grantedBefore.has(name),
    required: false,
    includes: includes.flatMap((included) => titles.get(included) ?? []),
    tools: [...toolsOfScope(resource, name)],
  }))
}

/** The scopes of this server itself on the consent page. */
export function openidScopesShown(
  { openid }: RequestedAccess,
  grantedBefore: ReadonlySet<string>,
): ConsentScopeContext[] {
  return openid.map((name) => ({
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
}

/** The scopes that only read, and can be allowed: those that say so, or that another scope of the resource includes. */
export function readOnlyScopes({ resource, scopes, barred }: AskedResource): readonly string[] {
  const included = new Set(resource.scopes.flatMap((scope) => scope.includes))
  const readsOnly = ({ name, destructive, readOnly }: ScopeDeclaration) =>
    !barred.has(name) && (readOnly ?? (included.has(name) && !destructive))
  return namesOf(scopes.filter(readsOnly))
}

/** True when there is something to leave out, so that "read only" means something. */
export function offersReadOnly({ resources }: RequestedAccess): boolean {
  const readOnly = resources.flatMap((asked) => readOnlyScopes(asked)).length
  return readOnly > 0 && readOnly < resources.flatMap((asked) => allowableScopes(asked)).length
}
