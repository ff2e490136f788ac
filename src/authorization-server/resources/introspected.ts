/**
 * Whose tokens a resource server may ask about: the member `introspects` of its client, which is one resource, a list of them, or patterns
 * of families. The operator alone sets it. Its server sees `{"active":false}` for every other token (RFC 7662 §2.2).
 */
import { BoundedMap } from '../../base/bounded-map.js'
import { patternExpression, wildcardsIn } from '../../oauth/resource-pattern.js'

/** The resources and patterns that the member names; empty for a client that is no resource server. */
export function introspectedBy(member: unknown): readonly string[] {
  return [member].flat().filter((each): each is string => typeof each === 'string' && each !== '')
}

const expressions = new BoundedMap<RegExp>(1_000)

function matches(pattern: string, audience: string): boolean {
  const known = expressions.get(pattern) ?? new RegExp(patternExpression(pattern))
  expressions.set(pattern, known)
  return known.test(audience)
}

/** `audience`: the one `aud` of a token. */
export function mayIntrospect(member: unknown, audience: string): boolean {
  return introspectedBy(member).some(
    (named) => named === audience || (wildcardsIn(named) > 0 && matches(named, audience)),
  )
}
