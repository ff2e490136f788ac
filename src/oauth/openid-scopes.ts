/** Scopes of OpenID Connect Core §5.4 and §11 that this server itself understands; `consent.ours` of the pages' words describes each. */
export const openidScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

const openidScopeNames: ReadonlySet<string> = new Set(openidScopes)

/** True for a scope of this server itself, false for one of a resource or an unknown one. */
export function isOpenidScope(scope: string): boolean {
  return openidScopeNames.has(scope)
}
