/** Groups of people, and which scopes of a resource each may grant (`access`). Pure. */
import type { DeclaredGroup, DeclaredResource } from './declared-resource.js'
import type { ResourceDeclaration } from './resource.js'
import { scopeHierarchyOf } from './resource.js'
import { expandScopes } from './scope.js'

/** Everybody with an account is in it. Nobody declares it. */
export const everyone = 'everyone'

/** What is known of a person when their groups are asked for. */
export interface GroupedPerson {
  readonly email: string
  /** An address that nobody proved to be theirs makes them a member of nothing. */
  readonly emailVerified: boolean
  /** Memberships of the database: of the account, and of its address if that is verified. */
  readonly memberships: readonly string[]
}

/** The declared groups that the person is in, and `everyone`. A membership of a group that nobody declares any longer is none. */
export function groupsOf(
  { email, emailVerified, memberships }: GroupedPerson,
  declared: readonly DeclaredGroup[],
): ReadonlySet<string> {
  const isIn = ({ name, members }: DeclaredGroup) => memberships.includes(name) || (emailVerified && members.has(email))
  return new Set([everyone, ...declared.filter(isIn).map(({ name }) => name)])
}

/** One rule of `access` as it bears on a person. */
export interface AccessRule {
  readonly group: string
  /** Names of the scopes that it lets its members grant. */
  readonly allows: ReadonlySet<string>
}

const namesOf = ({ scopes }: ResourceDeclaration) => scopes.map(({ name }) => name)

/** The rules for members of these groups; `undefined`: the resource has none, so that everybody may grant everything. */
export function accessRules(
  resource: ResourceDeclaration & { readonly declared: Pick<DeclaredResource, 'access'> },
  groups: ReadonlySet<string>,
): readonly AccessRule[] | undefined {
  const { access } = resource.declared
  if (access === undefined) return undefined
  return Object.entries(access)
    .filter(([group]) => groups.has(group))
    .map(([group, scopes]) => ({
      group,
      allows: new Set(scopes === 'all' ? namesOf(resource) : scopes === 'none' ? [] : scopes),
    }))
}

/**
 * Those of `scopes` that a person in these groups may not grant there. A scope comes with what it includes, so it is withheld as well if
 * one of those is: a resource server that reads it as all of them would give what was kept back.
 */
export function withheldScopes(
  resource: ResourceDeclaration & { readonly declared: Pick<DeclaredResource, 'access'> },
  scopes: readonly string[],
  groups: ReadonlySet<string>,
): ReadonlySet<string> {
  const rules = accessRules(resource, groups)
  if (rules === undefined) return new Set()
  const hierarchy = scopeHierarchyOf(resource)
  const mayGrant = (scope: string) => rules.some(({ allows }) => allows.has(scope))
  return new Set(scopes.filter((scope) => ![...expandScopes([scope], hierarchy)].every(mayGrant)))
}
