/** The scopes of a consent page, and which of them are new to the client. */
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import { rememberedScopes } from '../../storage/grants/consents.js'
import { consentFingerprint } from '../clients/identity.js'
import type { ConsentScopeContext } from '../pages/views.js'
import { needsCaution } from './decision-facts.js'
import type { Interaction } from './interaction.js'
import {
  type AskedResource,
  decidedResources,
  openidScopesShown,
  type RequestedAccess,
  resourceScopes,
} from './requested-access.js'

/** Of each resource in the order of the request, then of this server itself. */
export interface OfferedScopes {
  readonly ofResources: readonly { readonly asked: AskedResource; readonly scopes: readonly ConsentScopeContext[] }[]
  readonly ours: readonly ConsentScopeContext[]
}

/** What the person last allowed this client, by resource. */
export function rememberedByResource(
  { client, known }: Pick<Interaction, 'client' | 'known'>,
  access: RequestedAccess,
): ReadonlyMap<string, readonly string[]> {
  const fingerprint = consentFingerprint(client)
  return new Map(
    decidedResources(access).map((resource) => [resource, rememberedScopes(known.consents, resource, fingerprint)]),
  )
}

/** The scopes that the page offers, with those that the person allowed this client before. */
export function offeredScopes(interaction: Interaction, accountId: string, access: RequestedAccess): OfferedScopes {
  const remembered = rememberedByResource(interaction, access)
  const caution = needsCaution(interaction)
  const ofResources = access.resources.map((asked) => {
    // A scope that a broader one already included is not new.
    const before = expandScopes(remembered.get(asked.resource.resource) ?? [], scopeHierarchyOf(asked.resource))
    return { asked, scopes: resourceScopes(access, asked, before, caution) }
  })
  const hasName = (interaction.known.person(accountId)?.name ?? null) !== null
  const ours = openidScopesShown(access, new Set([...remembered.values()].flat())).map((scope) =>
    scope.ours === 'profile' && !hasName ? { ...scope, ours: 'profile-without-name' } : scope,
  )
  return { ofResources, ours }
}

/** All of them in one list. */
export function everyOffered({ ofResources, ours }: OfferedScopes): readonly ConsentScopeContext[] {
  return [...ofResources.flatMap(({ scopes }) => scopes), ...ours]
}

/**
 * True when a client wants more and the form allows none of it, because the page left the new boxes for the person to tick. An Allow that
 * grants only what the client had would look like success to the person, and the client would ask for the same again. `allowed`: values as
 * they were posted.
 */
export function allowsNothingNew(offered: readonly ConsentScopeContext[], allowed: ReadonlySet<string>): boolean {
  const fresh = offered.filter(({ alreadyGranted, barredFor }) => !alreadyGranted && barredFor === undefined)
  return fresh.some(({ checked }) => !checked) && fresh.every(({ name, value = name }) => !allowed.has(value))
}
