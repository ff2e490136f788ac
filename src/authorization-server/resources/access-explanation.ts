/** What would come of a request for scopes of a resource, scope by scope, with the rule that decides. Pure: the same rules that requests meet. */
import type { ClientClass, DeclaredGroup } from '../../oauth/declared-resource.js'
import { accessRules } from '../../oauth/groups.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import { barredScopes, placeOf } from './ceilings.js'
import type { ServedResource } from './resources.js'

export interface ScopeOutcome {
  readonly scope: string
  readonly allowed: boolean
  /** One sentence. */
  readonly reason: string
  /** Where the deciding rule stands; absent if there is none. */
  readonly place?: string
}

export interface AccessQuestion {
  readonly resource: ServedResource
  readonly scopes: readonly string[]
  readonly clientClass: ClientClass
  readonly groups: ReadonlySet<string>
  readonly declared: readonly DeclaredGroup[]
}

function outcomeOf(question: AccessQuestion, scope: string): ScopeOutcome {
  const { resource, clientClass, groups, declared } = question
  const place = (member: string) => placeOf(resource.declared, member)
  if (!resource.scopes.some(({ name }) => name === scope))
    return { scope, allowed: false, reason: `${resource.name} has no such scope` }
  if (barredScopes(resource, [scope], clientClass).size > 0) {
    const reason = `clients of the class ${clientClass} may not have it`
    return { scope, allowed: false, reason, place: place(`clients.${clientClass}`) }
  }
  const rules = accessRules(resource, groups)
  if (rules === undefined) return { scope, allowed: true, reason: 'the resource has no rule about groups' }
  const allowing = (name: string) => rules.find(({ allows }) => allows.has(name))
  const missing = [...expandScopes([scope], scopeHierarchyOf(resource))].filter((name) => allowing(name) === undefined)
  const rule = allowing(scope)
  if (rule === undefined) {
    const titles = Object.entries(resource.declared.access ?? {})
      .filter(([, scopes]) => scopes === 'all' || (scopes !== 'none' && scopes.includes(scope)))
      .map(([name]) => declared.find((group) => group.name === name)?.title ?? name)
    const others = titles.length === 0 ? 'no group may' : `only ${titles.join(', ')} may`
    return {
      scope,
      allowed: false,
      reason: `none of the person's groups may grant it: ${others}`,
      place: place('access'),
    }
  }
  if (missing.length > 0) {
    const reason = `it includes ${missing.join(', ')}, which none of the person's groups may grant`
    return { scope, allowed: false, reason, place: place('access') }
  }
  return { scope, allowed: true, reason: `members of ${rule.group} may grant it`, place: place(`access.${rule.group}`) }
}

export function explainAccess(question: AccessQuestion): readonly ScopeOutcome[] {
  return question.scopes.map((scope) => outcomeOf(question, scope))
}
