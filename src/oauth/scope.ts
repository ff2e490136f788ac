/** Scope values (RFC 6749 §3.3) and hierarchies of them. */

/** Maps a scope to the scopes it includes, directly or not yet expanded: `{ 'notes:write': ['notes:read'] }`. */
export type ScopeHierarchy = Readonly<Record<string, readonly string[]>>

const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** True for one `scope-token` of RFC 6749 §3.3. */
export function isScopeToken(value: string): boolean {
  return scopeToken.test(value)
}

/** Splits a `scope` value into its tokens, each once, in order. Does not check that any of them exists. */
export function parseScope(value: string | undefined): string[] {
  return [...new Set((value ?? '').split(' ').filter((token) => token !== ''))]
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

/** True when `granted`, with what it includes, holds every scope of `required`. */
export function coversScopes(
  granted: Iterable<string>,
  required: Iterable<string>,
  hierarchy: ScopeHierarchy = {},
): boolean {
  const expanded = expandScopes(granted, hierarchy)
  return [...required].every((scope) => expanded.has(scope))
}
