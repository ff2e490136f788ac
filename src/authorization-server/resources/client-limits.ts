/** Clients that the operator limits to some resources: the member `resources` of a client, a list of URLs and patterns. */
import { mayIntrospect } from './introspected.js'
import type { Resources, ServedResource } from './resources.js'

/** True for a client without the member. A former name in it means the resource, as everywhere. */
export function mayAskFor(member: unknown, resource: ServedResource, resources: Resources): boolean {
  if (member === undefined) return true
  const named = [member].flat().filter((each) => typeof each === 'string')
  return mayIntrospect(named, resource.resource, resources) || named.some((each) => resources.find(each) === resource)
}
