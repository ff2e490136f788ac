/** The protected resources this server issues tokens for, and which scopes mean what. All in memory: asked on every request. */
import { BoundedMap } from '../../base/bounded-map.js'
import {
  type Declarations,
  type DeclarationsInForce,
  type DeclaredResource,
  derived,
} from '../../oauth/declared-resource.js'
import { type GroupedPerson, groupsOf } from '../../oauth/groups.js'
import { canonicalResource, type ResourceDeclaration, type ToolDeclaration } from '../../oauth/resource.js'
import { createPatternMatcher, withCaptures } from '../../oauth/resource-pattern.js'
import { scopesNamed } from '../../oauth/scope.js'

/** One resource that tokens can be issued for: a declared URL, or one of a declared family. */
export interface ServedResource extends ResourceDeclaration {
  readonly declared: DeclaredResource
}

/** What is in force at the moment of the question. */
export interface Resources {
  readonly all: readonly DeclaredResource[]
  /** The resource a client means that names none: the only one, or the declared default. */
  readonly fallback: ServedResource | undefined
  /** Of all resources. */
  readonly scopeNames: ReadonlySet<string>
  /** The groups of a person, of those that are declared. */
  groupsOf(person: GroupedPerson): ReadonlySet<string>
  /** The resource behind any spelling of an identifier (case of host, trailing slash, alias, bare origin), or `undefined`. */
  find(identifier: string): ServedResource | undefined
}

function servedAt(declared: DeclaredResource, resource: string): ServedResource {
  const { aliases, name, description, scopes, tools, contents, prompts, defaultScopes } = declared
  return {
    ...{ declared, resource, aliases, name, description, scopes, tools, defaultScopes },
    ...(contents !== undefined && { contents }),
    ...(prompts !== undefined && { prompts }),
  }
}

export { isOpenidScope, openidScopes } from '../../oauth/openid-scopes.js'

/**
 * The bare origins of URLs of a resource, each with the only resource that has one there: some clients name no more than that
 * (Claude Code at times). An origin with two resources names neither.
 */
function bareOrigins(served: readonly ServedResource[]): ReadonlyMap<string, ServedResource> {
  const there = new Map<string, Set<ServedResource>>()
  for (const each of served) {
    for (const url of [each.resource, ...each.aliases]) {
      const { origin } = new URL(url)
      there.set(origin, (there.get(origin) ?? new Set()).add(each))
    }
  }
  return new Map(
    [...there].flatMap(([origin, [only, ...others]]) => (only && others.length === 0 ? [[origin, only]] : [])),
  )
}

/** In the words of a family `{1}` is what its first `*` stands for. Most families have no such words, and share what they have. */
function memberOf(family: ServedResource, resource: string, captures: readonly string[]): ServedResource {
  const written = <T extends { readonly title: string; readonly description?: string }>(each: T): T =>
    `${each.title}${each.description}`.includes('{')
      ? {
          ...each,
          title: withCaptures(each.title, captures),
          ...(each.description !== undefined && { description: withCaptures(each.description, captures) }),
        }
      : each
  const scopes = family.scopes.map(written)
  const tools = family.tools.map(written)
  return {
    ...family,
    resource,
    name: withCaptures(family.name, captures),
    description: withCaptures(family.description, captures),
    scopes: scopes.every((each, index) => each === family.scopes[index]) ? family.scopes : scopes,
    tools: tools.every((each, index) => each === family.tools[index]) ? family.tools : tools,
  }
}

/** Of a family's members, so many are kept as they were made for the last request. */
const mostKept = 1_000

/** Finds the member of a family that an identifier names. */
function familiesIn(families: readonly DeclaredResource[], issuer: string | undefined) {
  const match = createPatternMatcher(
    families.map((declared) => ({ pattern: declared.url, value: servedAt(declared, declared.url) })),
    issuer,
  )
  const kept = new BoundedMap<ServedResource>(mostKept)
  return (canonical: string): ServedResource | undefined => {
    const known = kept.get(canonical)
    if (known !== undefined) return known
    const found = match(canonical)
    if (found === undefined) return undefined
    const member = memberOf(found.value, canonical, found.captures)
    kept.set(canonical, member)
    return member
  }
}

interface Index {
  readonly all: readonly DeclaredResource[]
  readonly fallback: ServedResource | undefined
  readonly scopeNames: ReadonlySet<string>
  readonly byIdentifier: ReadonlyMap<string, ServedResource>
  readonly memberOfFamily: (canonical: string) => ServedResource | undefined
}

function indexOf({ resources }: Declarations, issuer: string | undefined): Index {
  const served = resources.filter(({ isPattern }) => !isPattern).map((declared) => servedAt(declared, declared.url))
  const isOnly = resources.length === 1
  return {
    all: resources,
    fallback: served.find(({ declared }) => isOnly || declared.isDefault),
    scopeNames: new Set(resources.flatMap(({ scopes }) => scopes.map(({ name }) => name))),
    // The later ones win: an identifier that is somebody's own never means somebody else.
    byIdentifier: new Map([
      ...bareOrigins(served),
      ...served.flatMap((each) => each.aliases.map((alias) => [alias, each] as const)),
      ...served.map((each) => [each.resource, each] as const),
    ]),
    memberOfFamily: familiesIn(
      resources.filter(({ isPattern }) => isPattern),
      issuer,
    ),
  }
}

/**
 * Follows the declarations in force: a change counts from the next question on. `issuer`: no family has it as a member. Absent where no
 * family is declared.
 */
export function createResources(inForce: DeclarationsInForce, issuer?: string): Resources {
  const index = derived(inForce, (declarations) => indexOf(declarations, issuer))
  return {
    get all() {
      return index().all
    },
    get fallback() {
      return index().fallback
    },
    get scopeNames() {
      return index().scopeNames
    },
    groupsOf: (person) => groupsOf(person, inForce.current().groups ?? []),
    find: (identifier) => {
      const { byIdentifier, memberOfFamily } = index()
      // Asked several times in every token request, mostly in the canonical spelling.
      const known = byIdentifier.get(identifier)
      if (known !== undefined) return known
      const canonical = canonicalResource(identifier)
      return canonical === undefined ? undefined : (byIdentifier.get(canonical) ?? memberOfFamily(canonical))
    },
  }
}

/** The tools that a scope alone unlocks or helps to unlock. */
export function toolsOfScope(resource: ResourceDeclaration, scope: string): readonly ToolDeclaration[] {
  return resource.tools.filter((tool) => scopesNamed(tool.scopes).includes(scope))
}
