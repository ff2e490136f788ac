/** The consent step: says who asks for what, and turns the answer into one grant for this authorization. */

import { epochSeconds } from '../../base/clock.js'
import { hashSecret } from '../../base/secrets.js'
import type { Write } from '../../database/writes.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { consentFingerprint } from '../clients/identity.js'
import { PageError } from '../pages/page-error.js'
import type { ConfirmContext, ConsentContext, ConsentScopeContext, DecisionProblem } from '../pages/views.js'
import { accountPath } from '../routes.js'
import { isBarred, noteCeilings, showBarred } from './barred.js'
import { asksTwice, decisionFacts } from './decision-facts.js'
import { grantAccess } from './grant-access.js'
import { offersHandOff } from './hand-off.js'
import { finishInteraction, type Interaction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import { allowsNothingNew, everyOffered, type OfferedScopes, offeredScopes } from './offered-scopes.js'
import type { InteractionParts } from './parts.js'
import {
  type AllowedAccess,
  type AskedResource,
  allowableScopes,
  allowedOf,
  asksForDestructive,
  destructiveScopes,
  isWithheld,
  offersReadOnly,
  postedValue,
  type RequestedAccess,
  readOnlyScopes,
  scopesOf,
} from './requested-access.js'
import { switchAccount } from './sign-in.js'
import { missingLevel, showStronger } from './stronger-sign-in.js'

/**
 * The client and the account that a page was rendered for. Both may change while it is read: clients change their documents and
 * registrations, and another person may sign in to the same interaction in another tab.
 */
function shownTo(accountId: string, fingerprint: string): string {
  return hashSecret(`${accountId}\n${fingerprint}`)
}

/** The hand-off that the page offers, if any. */
function offeredHandOff(
  parts: InteractionParts,
  interaction: Interaction,
  access: RequestedAccess,
): ConsentContext['handOff'] {
  if (!parts.offersHandOff || !offersHandOff(interaction)) return undefined
  return asksForDestructive(access) ? 'without-destructive' : 'complete'
}

/** One resource's scopes stand with those of this server; several have a part of the page each. */
function shownScopes({ ofResources, ours }: OfferedScopes): Pick<ConsentContext, 'parts' | 'scopes'> {
  if (ofResources.length <= 1) return { scopes: [...ofResources.flatMap(({ scopes }) => scopes), ...ours] }
  const parts = ofResources.map(({ asked: { resource }, scopes }) => ({
    name: resource.name,
    url: resource.resource,
    description: resource.description === '' ? undefined : resource.description,
    scopes,
  }))
  return { parts, scopes: ours }
}

/** Shows the page for the account that signed in; asks for a sign-in when that account is gone or disabled. */
export async function showConsent(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
  problem?: DecisionProblem,
  knowsNothingIsNew = problem === 'nothingNew',
): Promise<void> {
  const { engine, client, known } = interaction
  const account = known.person(accountId)
  if (account === undefined || account.disabled) return switchAccount(parts, ctx, interaction)
  const access = accessOf(parts, interaction)
  if (isBarred(access)) return showBarred(parts, ctx, interaction, access)
  noteCeilings(ctx, access)
  const fingerprint = consentFingerprint(client)
  parts.pages.send(ctx, 'consent', {
    ...(await decisionFacts(parts, ctx, interaction, access, shownTo(accountId, fingerprint))),
    ...shownScopes(offeredScopes(interaction, accountId, access)),
    account: { email: account.email, name: account.name ?? undefined },
    lifetime: { days: Math.max(1, Math.round(parts.refreshTokenTtlSeconds / 86_400)) },
    accountUrl: publicPath(ctx, `${accountPath}/apps`),
    switchAccountAction: publicPath(ctx, `/interaction/${engine.uid}/switch-account`),
    shown: parts.decisionGuard.stamp(engine.uid, 'ask'),
    problem,
    knowsNothingIsNew,
    readOnly: offersReadOnly(access),
    handOff: offeredHandOff(parts, interaction, access),
  })
}

type Allowing = ConfirmContext['decision']

/** Asks once more about the decision of a form. */
async function showConfirm(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  access: RequestedAccess,
  accountId: string,
  { seen, allowed, ...asked }: { decision: Allowing; allowed: AllowedAccess; seen: string; problem?: DecisionProblem },
): Promise<void> {
  ctx.state.event.outcome = 'asked once more'
  const values = postedValues(access, allowed)
  const { parts: several, scopes } = shownScopes(offeredScopes(interaction, accountId, access))
  const isAllowed = ({ name, value = name }: ConsentScopeContext) => values.has(value)
  const shown = parts.decisionGuard.stamp(interaction.engine.uid, 'confirm')
  parts.pages.send(ctx, 'confirm', {
    ...(await decisionFacts(parts, ctx, interaction, access, seen)),
    ...asked,
    scopes: scopes.filter(isAllowed),
    parts: several?.flatMap((part) => {
      const ofPart = part.scopes.filter(isAllowed)
      return ofPart.length === 0 ? [] : [{ ...part, scopes: ofPart }]
    }),
    shown,
    number: parts.decisionGuard.numberFor(shown),
  })
}

/**
 * Of what was asked for, what the form allows. Nothing that was not asked for is ever granted, and nothing that cannot be undone to a
 * program that receives its answer by hand: an attacker who talks a person into pasting it somewhere has the access.
 */
function allowedScopes(access: RequestedAccess, form: URLSearchParams, decision: Allowing): AllowedAccess {
  const ticked = new Set(form.getAll('scope'))
  const openid = access.openid.filter((name) => name === 'openid' || ticked.has(name))
  if (decision === 'allow-read-only') return allowedOf(access, readOnlyScopes, openid)
  const ofResource = (asked: AskedResource) => {
    const left = decision === 'allow-hand-off' ? destructiveScopes(asked) : new Set<string>()
    return allowableScopes(asked).filter((name) => ticked.has(postedValue(access, asked, name)) && !left.has(name))
  }
  return allowedOf(access, ofResource, openid)
}

/** What a form that allows exactly this posts. */
function postedValues(access: RequestedAccess, { openid, ofResources }: AllowedAccess): ReadonlySet<string> {
  const ofAll = access.resources.flatMap((asked) =>
    (ofResources.get(asked.resource.resource) ?? []).map((name) => postedValue(access, asked, name)),
  )
  return new Set([...ofAll, ...openid])
}

/** True when the page left for the person to tick what they want, or the hand-off left out what they ticked. */
function isIncomplete(access: RequestedAccess, offered: OfferedScopes, decision: Allowing): boolean {
  if (decision === 'allow-hand-off') return asksForDestructive(access)
  const scopes = everyOffered(offered).filter(({ barredFor }) => barredFor === undefined)
  return scopes.length > 0 && scopes.every(({ checked }) => !checked)
}

async function deny(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
): Promise<void> {
  const { clientId } = interaction.client
  const event = parts.audit.event({ type: 'consent.denied', accountId, clientId }, ctx.state.event)
  await cancelInteraction(parts, ctx, interaction, event)
}

function refusalOf(access: RequestedAccess): string {
  if (isWithheld(access)) return 'the person may not grant what the client asks for'
  return isBarred(access)
    ? 'the resource does not allow such a client what it asks for'
    : 'the person did not allow access'
}

/** Ends the interaction with `access_denied`; nothing is granted. */
export async function cancelInteraction(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  ...writes: readonly Write[]
): Promise<void> {
  ctx.state.event.outcome = 'denied'
  if (interaction.accountId !== undefined && missingLevel(parts, interaction) !== undefined) {
    const unmet = {
      error: 'unmet_authentication_requirements',
      error_description: 'none of the requested acr values can be met',
    }
    return finishInteraction(ctx, interaction, unmet, epochSeconds(parts.storage.clock), ...writes)
  }
  const description = refusalOf(accessOf(parts, interaction))
  const result = { error: 'access_denied', error_description: description }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), ...writes)
}

/** Ends the interaction with `login_required`: the client asked for somebody else than the person who signed in. */
export async function refuseOtherPerson(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
): Promise<void> {
  ctx.state.event.outcome = 'other person'
  const result = {
    error: 'login_required',
    error_description: 'the person who signed in is not the one the client requested',
  }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock))
}

function decisionOf(parts: InteractionParts, interaction: Interaction, form: URLSearchParams): Allowing | 'deny' {
  const decision = form.get('decision')
  const isKnown = decision === 'allow' || decision === 'allow-read-only' || decision === 'deny'
  if (isKnown) return decision
  if (decision === 'allow-hand-off' && parts.offersHandOff && offersHandOff(interaction)) return decision
  throw new PageError('bad-request', 'invalid_request', 400, { detail: 'no decision' })
}

/** Handles the decision. */
export async function submitConsent(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
  form: URLSearchParams,
): Promise<void> {
  if (showStronger(parts, ctx, interaction)) return
  const decision = decisionOf(parts, interaction, form)
  if (decision === 'deny') return deny(parts, ctx, interaction, accountId)
  const access = accessOf(parts, interaction)
  if (isBarred(access)) return showBarred(parts, ctx, interaction, access)
  const allowed = allowedScopes(access, form, decision)
  const offered = offeredScopes(interaction, accountId, access)
  if (scopesOf(allowed).length === 0) {
    if (isIncomplete(access, offered, decision)) {
      return showConsent(parts, ctx, interaction, accountId, 'nothingTicked')
    }
    // Allowing nothing at all is a refusal.
    return deny(parts, ctx, interaction, accountId)
  }
  const seen = shownTo(accountId, consentFingerprint(interaction.client))
  // Nobody allows what they were not shown, or as somebody else: a page may still be open from before.
  if (form.get('seen') !== seen) return showConsent(parts, ctx, interaction, accountId)
  const { decisionGuard } = parts
  const { uid } = interaction.engine
  const step = decisionGuard.stepOf(ctx, uid, form)
  // Asked once. Choosing Allow again goes on without what is new, so that a client which lost its tokens gets what it had.
  const knowsNothingIsNew = form.get('nothing-new') === 'known'
  const isPlainAllow = decision === 'allow' && step !== 'confirm' && !knowsNothingIsNew
  if (isPlainAllow && allowsNothingNew(everyOffered(offered), postedValues(access, allowed))) {
    return showConsent(parts, ctx, interaction, accountId, 'nothingNew')
  }
  const ruling = decisionGuard.rule(ctx, uid, form, asksTwice(interaction))
  const toConfirm = { decision, allowed, seen }
  if (ruling === 'confirm') return showConfirm(parts, ctx, interaction, access, accountId, toConfirm)
  if (ruling !== 'deliberate') {
    const problem = ruling === 'too-early' ? 'tooEarly' : 'wrongNumber'
    return step === 'confirm'
      ? showConfirm(parts, ctx, interaction, access, accountId, { ...toConfirm, problem })
      : showConsent(parts, ctx, interaction, accountId, problem, knowsNothingIsNew)
  }
  await grantAccess(parts, ctx, interaction, accountId, access, allowed, decision === 'allow-hand-off')
}
