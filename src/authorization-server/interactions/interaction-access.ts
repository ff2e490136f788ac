/** What the request behind an interaction asks for, as far as such a client may have it and the person may grant it. */
import { clientClassOf } from '../clients/client-class.js'
import { redirectUriOf } from './decision-facts.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import { type RequestedAccess, requestedAccess } from './requested-access.js'

export function accessOf(
  { resources }: Pick<InteractionParts, 'resources'>,
  interaction: Interaction,
): RequestedAccess {
  const { accountId, client, known } = interaction
  const person = accountId === undefined ? undefined : known.person(accountId)
  const groups = person === undefined ? undefined : resources.groupsOf(person)
  return requestedAccess(interaction, resources, clientClassOf(client, redirectUriOf(interaction)), groups)
}
