/** What the declaration of a resource allows a class of clients to ask for, and which rule of the file says so. */
import type { ClientClass, DeclaredResource } from '../../oauth/declared-resource.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import type { ServedResource } from './resources.js'

const none: ReadonlySet<string> = new Set()

/** Those of `scopes` that such a client may not have there. What an allowed scope includes is allowed. */
export function barredScopes(
  resource: ServedResource,
  scopes: readonly string[],
  clientClass: ClientClass,
): ReadonlySet<string> {
  const ceiling = resource.declared.ceilings[clientClass]
  if (ceiling === 'all') return none
  const allowed = ceiling === 'none' ? none : expandScopes(ceiling, scopeHierarchyOf(resource))
  return new Set(scopes.filter((scope) => !allowed.has(scope)))
}

/** Where the rule stands, for the log: the most exact place that is known of it. */
export function placeOf({ places, url, id }: DeclaredResource, member: string): string {
  const [section = ''] = member.split('.')
  const place = places[member] ?? places[section] ?? places['']
  return place === undefined ? `${member} of ${id} (${url})` : `${place} (${member} of ${id})`
}
