/** Finds the declared resource, or family, that an identifier in a client's entry means. */
import { canonicalResource } from '../oauth/resource.js'
import { createPatternMatcher } from '../oauth/resource-pattern.js'
import type { KnownResources } from './client-entries.js'

interface Identified {
  /** A canonical identifier, or a pattern. */
  readonly url: string
  readonly aliases: readonly string[]
}

/** A pattern stands for itself; a URL that it matches is one of its own. */
export function createKnownResources(declared: readonly Identified[], issuer: string): KnownResources {
  const exact = new Map(declared.flatMap(({ url, aliases }) => [...aliases, url].map((each) => [each, url] as const)))
  const families = declared.filter(({ url }) => url.includes('*'))
  const matches = createPatternMatcher(
    families.map(({ url }) => ({ pattern: url, value: url })),
    issuer,
  )
  return {
    find: (identifier) => {
      if (identifier.includes('*')) return exact.get(identifier)
      const canonical = canonicalResource(identifier)
      if (canonical === undefined) return undefined
      return exact.get(canonical) ?? (matches(canonical) === undefined ? undefined : canonical)
    },
    only: declared.length === 1 ? declared[0]?.url : undefined,
  }
}
