/** Scope values (RFC 6749 §3.3) and hierarchies of them. */

/** Maps a scope to the scopes it includes directly: `{ 'notes:write': ['notes:read'] }`. */
export type ScopeHierarchy = Readonly<Record<string, readonly string[]>>

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** True for one `scope-token` of RFC 6749 §3.3. */
export function isScopeToken(value: string): boolean {
  return scopeToken.test(value)
}

/**
 * Splits a `scope` value into its tokens, each once, in order. Lenient about spaces before, after and between them, and about white
 * space of any kind around the whole value, which files and environment variables add. Does not check that a token is well formed or
 * known: a tab between two tokens makes them one malformed token (RFC 6749 §3.3 separates by space alone).
 */
export function parseScope(value: string | undefined): string[] {
  return [
    ...new Set(
      (value ?? '')
        .trim()
        .split(' ')
        .filter((token) => token !== ''),
    ),
  ]
}

/** Joins scopes into a `scope` value. */
export function formatScope(scopes: Iterable<string>): string {
  return [...new Set(scopes)].join(' ')
}

/** The given scopes plus everything they include. */
export function expandScopes(scopes: Iterable<string>, hierarchy: ScopeHierarchy): Set<string> {
  const expanded = new Set<string>()
  const pending = [...scopes]
  for (let scope = pending.pop(); scope !== undefined; scope = pending.pop()) {
    if (expanded.has(scope)) continue
    expanded.add(scope)
    pending.push(...(Object.hasOwn(hierarchy, scope) ? (hierarchy[scope] ?? []) : []))
  }
  return expanded
}

/**
 * A scope requirement: all scopes of a list, or all of any one list of several. Every token covers an empty list; no token covers an empty
 * `anyOf`.
 */
export type RequiredScopes = readonly string[] | { readonly anyOf: readonly (readonly string[])[] }

/** The combinations, each of which is sufficient. */
export function scopeCombinations(required: RequiredScopes): readonly (readonly string[])[] {
  return 'anyOf' in required ? required.anyOf : [required]
}

/** Every scope that a requirement names, each once. */
export function scopesNamed(required: RequiredScopes): readonly string[] {
  return [...new Set(scopeCombinations(required).flat())]
}

/** True if any token is sufficient. */
export function needsNoScope(required: RequiredScopes): boolean {
  return scopeCombinations(required).some((combination) => combination.length === 0)
}

/** True if `granted`, with the included scopes, covers one of the combinations. */
export function meetsRequirement(
  granted: Iterable<string>,
  required: RequiredScopes,
  hierarchy: ScopeHierarchy = {},
): boolean {
  if (needsNoScope(required)) return true
  const expanded = expandScopes(granted, hierarchy)
  return scopeCombinations(required).some((combination) => combination.every((scope) => expanded.has(scope)))
}

/**
 * Picks the combination with the fewest missing scopes; ties go to the one with the most granted scopes, then to the first listed. The
 * challenge tells the client to request it. It names the narrow scopes, never broader ones that would also be sufficient.
 */
export function nearestCombination(
  granted: Iterable<string>,
  required: RequiredScopes,
  hierarchy: ScopeHierarchy = {},
): readonly string[] {
  const expanded = expandScopes(granted, hierarchy)
  const ranked = scopeCombinations(required).map((combination) => {
    const held = combination.filter((scope) => expanded.has(scope)).length
    return { combination, held, lacking: combination.length - held }
  })
  ranked.sort((one, other) => one.lacking - other.lacking || other.held - one.held)
  return ranked[0]?.combination ?? []
}

/** A requirement in words: "a and b, or c". */
export function describeRequirement(required: RequiredScopes): string {
  return scopeCombinations(required)
    .map((combination) => combination.join(' and '))
    .join(', or ')
}
