/** The scopes of a consent page, and which of them are new to the client. */
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import { type ConsentKey, rememberedScopes } from '../../storage/grants/consents.js'
import { consentFingerprint } from '../clients/identity.js'
import type { ConsentScopeContext } from '../pages/views.js'
import { needsCaution } from './decision-facts.js'
import type { Interaction } from './interaction.js'
import { consentScopes, type RequestedAccess } from './requested-access.js'

/** What an earlier consent is remembered by. */
export function consentKey(interaction: Interaction, accountId: string, access: RequestedAccess): ConsentKey {
  return { accountId, clientId: interaction.client.clientId, resource: access.resource?.resource ?? '' }
}

/** The scopes that the page offers, with those that the person allowed this client before. */
export function offeredScopes(
  interaction: Interaction,
  accountId: string,
  access: RequestedAccess,
): ConsentScopeContext[] {
  const { client, known } = interaction
  const { resource } = access
  const key = consentKey(interaction, accountId, access)
  const remembered = rememberedScopes(known.consents, key.resource, consentFingerprint(client))
  // A scope that a broader one already included is not new.
  const before = expandScopes(remembered, resource === undefined ? {} : scopeHierarchyOf(resource))
  const hasName = (known.person(accountId)?.name ?? null) !== null
  return consentScopes(access, before, needsCaution(interaction)).map((scope) =>
    scope.ours === 'profile' && !hasName ? { ...scope, ours: 'profile-without-name' } : scope,
  )
}

/**
 * True when a client wants more and the form allows none of it, because the page left the new boxes for the person to tick. An Allow that
 * grants only what the client had would look like success to the person, and the client would ask for the same again.
 */
export function allowsNothingNew(offered: readonly ConsentScopeContext[], allowed: readonly string[]): boolean {
  const fresh = offered.filter(({ alreadyGranted }) => !alreadyGranted)
  return fresh.some(({ checked }) => !checked) && fresh.every(({ name }) => !allowed.includes(name))
}
