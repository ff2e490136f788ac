/** Ends an interaction with a grant: for what a person has just allowed, or allowed before. */

import { epochSeconds } from '../../base/clock.js'
import type { Write } from '../../database/writes.js'
import type { HttpContext } from '../../http/context.js'
import { refusedToStay, rememberConsent } from '../../storage/grants/consents.js'
import { grantOrigin } from '../../storage/grants/grant-origins.js'
import { consentFingerprint, displayName } from '../clients/identity.js'
import { whereaboutsOf } from '../login/whereabouts.js'
import { describeClient } from './decision-facts.js'
import { isRefusedToStay, saveGrant } from './grant.js'
import { finishInteraction, type Interaction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import { rememberedByResource } from './offered-scopes.js'
import type { InteractionParts } from './parts.js'
import {
  type AllowedAccess,
  allowableScopes,
  decidedResources,
  decisionDetails,
  type RequestedAccess,
} from './requested-access.js'
import { standingConsent } from './standing-consent.js'

/**
 * Answers the interaction of a person who just signed in, if nothing is left to ask. False: the page has to be shown. With a session, the
 * engine decides the same before there is an interaction (standing-consent.ts).
 */
export async function answerStanding(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
): Promise<boolean> {
  const { engine, client, known } = interaction
  const account = known.person(accountId)
  const isSignIn = engine.prompt.name === 'login' && engine.deviceCode === undefined
  if (!isSignIn || account === undefined || account.disabled) return false
  const access = accessOf(parts, interaction)
  const request = {
    redirectUri: interaction.parameter('redirect_uri'),
    prompts: new Set(interaction.parameter('prompt')?.split(' ')),
    hintsAtPerson: false,
  }
  const standing = standingConsent(client, request, access, known.consents)
  if (standing === undefined) return false
  const { allowed, remembered } = standing
  const { clientId } = client
  const grantId = await saveGrant(parts.engine, { accountId, clientId }, access, allowed, remembered)
  const events = decisionDetails(access, allowed).map((detail) =>
    parts.audit.event(
      { type: 'consent.allowed', accountId, clientId, detail: { ...detail, by: 'standing consent' } },
      ctx.state.event,
    ),
  )
  ctx.state.event.outcome = 'allowed'
  const { login } = engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId } }
  await finishInteraction(
    ctx,
    interaction,
    result,
    epochSeconds(parts.storage.clock),
    originOf(parts, ctx, interaction, grantId),
    ...events,
  )
  return true
}

/** What the person was told of the client, for their list of connections. */
function originOf(parts: InteractionParts, ctx: HttpContext, interaction: Interaction, grantId: string): Write {
  const { name, identity, nameWarning } = describeClient(parts, interaction)
  return grantOrigin(grantId, { name, identity, nameWarning }, whereaboutsOf(ctx, parts.hidesAddresses))
}

/** What the person said of each resource, for the next time. */
function consentsOf(
  { storage }: InteractionParts,
  { client }: Interaction,
  accountId: string,
  access: RequestedAccess,
  { openid, ofResources }: AllowedAccess,
  refusesToStay: boolean,
): readonly Write[] {
  const asked = new Map(access.resources.map((each) => [each.resource.resource, allowableScopes(each)]))
  return decidedResources(access).map((resource) => {
    const scopes = [...(ofResources.get(resource) ?? []), ...openid]
    const key = { accountId, clientId: client.clientId, resource }
    return rememberConsent(storage, key, consentFingerprint(client), {
      asked: [...(asked.get(resource) ?? []), ...access.openid, refusedToStay],
      allowed: refusesToStay ? [...scopes, refusedToStay] : scopes,
    })
  })
}

/** To the person, of a client that they never allowed anything: somebody else may have done it in their name. */
function noticeOf(
  { mailer }: InteractionParts,
  ctx: HttpContext,
  { known, client }: Interaction,
  accountId: string,
): readonly Write[] {
  const person = known.person(accountId)
  if (mailer === undefined || person === undefined || known.consents.length > 0) return []
  const language = known.languageOf(accountId) ?? mailer.languageOf(ctx)
  const values = { client: displayName(client), email: person.email }
  return [mailer.write({ kind: 'newClient', to: person.email, values, path: '/account/apps', language })]
}

/** Ends the interaction with a grant for these scopes. */
export async function grantAccess(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
  access: RequestedAccess,
  allowed: AllowedAccess,
  handOff: boolean,
): Promise<void> {
  const { clientId } = interaction.client
  const remembered = [...rememberedByResource(interaction, access).values()].flat()
  const grantId = await saveGrant(parts.engine, { accountId, clientId }, access, allowed, remembered)
  await parts.keepDocument(clientId)
  const type = handOff ? 'consent.handed_off' : 'consent.allowed'
  const events = decisionDetails(access, allowed).map((detail) =>
    parts.audit.event({ type, accountId, clientId, detail }, ctx.state.event),
  )
  ctx.state.event.outcome = 'allowed'
  const { login } = interaction.engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId }, ...(handOff ? { handOff } : {}) }
  const origin = originOf(parts, ctx, interaction, grantId)
  const consented = consentsOf(
    parts,
    interaction,
    accountId,
    access,
    allowed,
    isRefusedToStay(access, allowed, remembered),
  )
  await finishInteraction(
    ctx,
    interaction,
    result,
    epochSeconds(parts.storage.clock),
    origin,
    ...consented,
    ...events,
    ...noticeOf(parts, ctx, interaction, accountId),
  )
}
