/** The protected resources this server issues tokens for, and which scopes mean what. All in memory: asked on every request. */
import { canonicalResource, type ResourceDeclaration, type ToolDeclaration } from '../../oauth/resource.js'
import { scopesNamed } from '../../oauth/scope.js'

export interface Resources {
  readonly all: readonly ResourceDeclaration[]
  /** The resource a client means that names none. */
  readonly fallback: ResourceDeclaration
  /** The declaration behind any spelling of a resource identifier (case of host, trailing slash, alias, bare origin), or `undefined`. */
  find(identifier: string): ResourceDeclaration | undefined
}

/** Scopes of OpenID Connect Core §5.4 and §11 that this server itself understands; `consent.ours` of the pages' words describes each. */
export const openidScopes: readonly string[] = ['openid', 'profile', 'email', 'offline_access']

const openidScopeNames: ReadonlySet<string> = new Set(openidScopes)

/** True for a scope of this server itself, false for one of a resource (or of nobody). */
export function isOpenidScope(scope: string): boolean {
  return openidScopeNames.has(scope)
}

/**
 * The bare origins of URLs of a resource, each with the only resource that has one there: some clients name no more than that
 * (Claude Code at times). An origin with two resources names neither.
 */
function bareOrigins(declarations: readonly ResourceDeclaration[]): (readonly [string, ResourceDeclaration])[] {
  const found = declarations.flatMap((declaration) =>
    [declaration.resource, ...declaration.aliases].map((url) => [new URL(url).origin, declaration] as const),
  )
  return found.filter(([origin, declaration]) => found.every(([other, its]) => other !== origin || its === declaration))
}

/** Throws when there is no resource: a server that issues tokens for nothing is a mistake. */
export function createResources(declarations: readonly ResourceDeclaration[]): Resources {
  const [fallback] = declarations
  if (fallback === undefined) throw new Error('at least one protected resource must be declared')
  // The later ones win: an identifier that is somebody's own never means somebody else.
  const byIdentifier = new Map([
    ...bareOrigins(declarations),
    ...declarations.flatMap((declaration) => declaration.aliases.map((alias) => [alias, declaration] as const)),
    ...declarations.map((declaration) => [declaration.resource, declaration] as const),
  ])
  return {
    all: declarations,
    fallback,
    find: (identifier) => {
      // Asked several times in every token request, mostly in the canonical spelling.
      const known = byIdentifier.get(identifier)
      if (known !== undefined) return known
      const canonical = canonicalResource(identifier)
      return canonical === undefined ? undefined : byIdentifier.get(canonical)
    },
  }
}

/** The tools that a scope alone unlocks or helps to unlock. */
export function toolsOfScope(resource: ResourceDeclaration, scope: string): readonly ToolDeclaration[] {
  return resource.tools.filter((tool) => scopesNamed(tool.scopes).includes(scope))
}
