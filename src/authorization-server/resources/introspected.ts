/**
 * Whose tokens a resource server may ask about: the member `introspects` of its client, which is one resource, a list of them, or patterns
 * of families. The operator alone sets it. Its server sees `{"active":false}` for every other token (RFC 7662 §2.2).
 */
import type { Resources } from './resources.js'

/** The resources and patterns that the member names; empty for a client that is no resource server. */
export function introspectedBy(member: unknown): readonly string[] {
  return [member].flat().filter((each): each is string => typeof each === 'string' && each !== '')
}

/**
 * `audience`: the one `aud` of a token. A family is what its pattern declares: a URL that it matches and that is declared by itself, or by a
 * longer pattern, is another resource.
 */
export function mayIntrospect(member: unknown, audience: string, resources: Pick<Resources, 'find'>): boolean {
  const named = introspectedBy(member)
  if (named.length === 0) return false
  const resource = resources.find(audience)
  // A former name is no resource any more: nobody may ask about a token that has it.
  if (resource?.resource !== audience) return false
  return named.includes(audience) || named.includes(resource.declared.url)
}
