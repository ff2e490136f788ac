/**
 * The scopes of an access token for a resource: those that were granted, with what they include, and the granted scopes of this server
 * itself. The engine would leave out both. The token's `scope` claim, introspection and the token response then say the same. Where the
 * engine chooses the scopes: engine/granted-scopes.ts.
 */
import { type ResourceDeclaration, scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, parseScope } from '../../oauth/scope.js'
import type { EngineGrant } from '../engine/engine-types.js'
import type { Resources } from '../resources/resources.js'
import { scopesForRefresh } from './requested-scopes.js'

/** What was granted of the resource, with what it includes. */
export function grantedBy(grant: EngineGrant, resource: ResourceDeclaration): ReadonlySet<string> {
  return expandScopes(parseScope(grant.getResourceScope(resource.resource)), scopeHierarchyOf(resource))
}

/** What the `scope` of a refresh means. `named`: the resources that the request names. */
export function refreshedScope(
  scope: string,
  named: readonly string[],
  grant: EngineGrant,
  resources: Resources,
): string | undefined {
  const identifiers = named.length > 0 ? named : Object.keys(grant.resources ?? {})
  const granted = identifiers.flatMap((identifier) => {
    const resource = resources.find(identifier)
    return resource === undefined ? [] : [...grantedBy(grant, resource)]
  })
  return scopesForRefresh(scope, {
    identity: parseScope(grant.getOIDCScope()),
    ofResource: granted,
    namesResource: named.length > 0,
  })
}

/** Those of this server first, then those of the resource in the order of its declaration. Without a grant the token is a machine's. */
export function carriedScopes(
  asked: readonly string[],
  resource: ResourceDeclaration,
  grant: EngineGrant | undefined,
): string[] {
  const wanted = expandScopes(asked, scopeHierarchyOf(resource))
  const granted = grant === undefined ? wanted : grantedBy(grant, resource)
  const identity = new Set(parseScope(grant?.getOIDCScope()))
  return [
    ...asked.filter((scope) => identity.has(scope)),
    ...resource.scopes.map(({ name }) => name).filter((name) => wanted.has(name) && granted.has(name)),
  ]
}
