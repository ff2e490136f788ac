/** What is left of a grant when a person unticks scopes. Pure. */
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import type { GrantedAccess, Narrowed } from '../../storage/grants/connections.js'
import { claimsOfScope } from '../endpoints/requested-claims.js'
import type { Resources } from '../resources/resources.js'

/** A sign-in is nothing without the one; the other says that the program stays connected, which Disconnect ends. */
const alwaysKept: ReadonlySet<string> = new Set(['openid', 'offline_access'])

/** Scopes of this server itself that a person can take away. */
export function takeable(openid: readonly string[]): readonly string[] {
  return openid.filter((scope) => !alwaysKept.has(scope))
}

/** What was granted of a resource, with what it includes. Of one that is not declared any more: as it is stored. */
export function grantedScopes(stored: readonly string[], resource: string, resources: Resources): readonly string[] {
  const served = resources.find(resource)
  return served === undefined ? stored : [...expandScopes(stored, scopeHierarchyOf(served))]
}

/** `isTicked`: whether a scope of a resource, or of this server itself, stays. A scope stays only with all that it includes. */
export function narrowedTo(
  stored: GrantedAccess,
  resources: Resources,
  isTicked: (scope: string, resource?: string) => boolean,
): Narrowed {
  const openid = stored.openid.filter((scope) => alwaysKept.has(scope) || isTicked(scope))
  const goneClaims = new Set(
    stored.openid.filter((scope) => !openid.includes(scope)).flatMap((scope) => ofScope(scope)),
  )
  const ofResources = [...stored.ofResources].map(([resource, scopes]) => {
    const granted = grantedScopes(scopes, resource, resources)
    const kept = granted.filter((scope) =>
      grantedScopes([scope], resource, resources).every((included) => isTicked(included, resource)),
    )
    return [resource, kept.length === granted.length ? scopes : kept, kept] as const
  })
  return {
    left: {
      openid,
      claims: stored.claims.filter((claim) => !goneClaims.has(claim)),
      ofResources: new Map(ofResources.flatMap(([resource, left]) => (left.length === 0 ? [] : [[resource, left]]))),
    },
    carried: new Map(ofResources.map(([resource, , kept]) => [resource, [...openid, ...kept]])),
  }
}

function ofScope(scope: string): readonly string[] {
  return Object.hasOwn(claimsOfScope, scope) ? claimsOfScope[scope as keyof typeof claimsOfScope] : []
}
