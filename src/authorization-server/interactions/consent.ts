/** The consent step: says who asks for what, and turns the answer into one grant for this authorization. */

import { epochSeconds } from '../../base/clock.js'
import { hashSecret } from '../../base/secrets.js'
import type { Write } from '../../database/writes.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { refusedToStay, rememberConsent, rememberedScopes } from '../../storage/grants/consents.js'
import { consentFingerprint } from '../clients/identity.js'
import { PageError } from '../pages/page-error.js'
import type { ConfirmContext, ConsentContext, DecisionProblem } from '../pages/views.js'
import { asksTwice, decisionFacts, needsCaution } from './decision-facts.js'
import { isRefusedToStay, saveGrant } from './grant.js'
import { offersHandOff } from './hand-off.js'
import { finishInteraction, type Interaction } from './interaction.js'
import { allowsNothingNew, consentKey, offeredScopes } from './offered-scopes.js'
import type { InteractionParts } from './parts.js'
import {
  consentScopes,
  destructiveScopes,
  offersReadOnly,
  type RequestedAccess,
  readOnlyScopes,
  requestedAccess,
} from './requested-access.js'
import { switchAccount } from './sign-in.js'
import { standingConsent } from './standing-consent.js'

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
  return destructiveScopes(access).size > 0 ? 'without-destructive' : 'complete'
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
  const access = requestedAccess(interaction, parts.resources)
  const fingerprint = consentFingerprint(client)
  const scopes = offeredScopes(interaction, accountId, access)
  parts.pages.send(ctx, 'consent', {
    ...(await decisionFacts(parts, ctx, interaction, access, shownTo(accountId, fingerprint))),
    scopes,
    account: { email: account.email, name: account.name ?? undefined },
    lifetime: { days: Math.max(1, Math.round(parts.refreshTokenTtlSeconds / 86_400)) },
    switchAccountAction: publicPath(ctx, `/interaction/${engine.uid}/switch-account`),
    shown: parts.decisionGuard.stamp(engine.uid, 'ask'),
    problem,
    knowsNothingIsNew,
    readOnly: offersReadOnly(access),
    handOff: offeredHandOff(parts, interaction, access),
  })
}

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
  const access = requestedAccess(interaction, parts.resources)
  const request = {
    redirectUri: interaction.parameter('redirect_uri'),
    prompts: new Set(interaction.parameter('prompt')?.split(' ')),
    hintsAtPerson: false,
  }
  const standing = standingConsent(client, request, access, known.consents)
  if (standing === undefined) return false
  const { scopes, remembered } = standing
  const key = consentKey(interaction, accountId, access)
  const grantId = await saveGrant(parts.engine, key, access, scopes, remembered)
  const event = parts.audit.event(
    {
      type: 'consent.allowed',
      accountId,
      clientId: key.clientId,
      detail: { scopes, resource: key.resource, by: 'standing consent' },
    },
    ctx.state.event,
  )
  ctx.state.event.outcome = 'allowed'
  const { login } = engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId } }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), event)
  return true
}

type Allowing = ConfirmContext['decision']

/** Asks once more about the decision of a form. */
async function showConfirm(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  access: RequestedAccess,
  { seen, ...asked }: { decision: Allowing; scopes: readonly string[]; seen: string; problem?: DecisionProblem },
): Promise<void> {
  ctx.state.event.outcome = 'asked once more'
  const allowed = new Set(asked.scopes)
  parts.pages.send(ctx, 'confirm', {
    ...(await decisionFacts(parts, ctx, interaction, access, seen)),
    ...asked,
    scopes: consentScopes(access, new Set(), false).filter(({ name }) => allowed.has(name)),
    shown: parts.decisionGuard.stamp(interaction.engine.uid, 'confirm'),
  })
}

/**
 * Of what was asked for, what the form allows. Nothing that was not asked for is ever granted, and nothing that cannot be undone to a
 * program that receives its answer by hand: whoever talks a person into pasting it somewhere has the access.
 */
function allowedScopes(access: RequestedAccess, form: URLSearchParams, decision: Allowing): string[] {
  const ticked = new Set(form.getAll('scope'))
  const openid = access.openid.filter((name) => name === 'openid' || ticked.has(name))
  if (decision === 'allow-read-only') return [...readOnlyScopes(access), ...openid]
  const barred = decision === 'allow-hand-off' ? destructiveScopes(access) : new Set<string>()
  const names = access.scopes.map(({ name }) => name)
  return [...names.filter((name) => ticked.has(name) && !barred.has(name)), ...openid]
}

/** True when the page left for the person to tick what they want, or the hand-off left out what they ticked. */
function isIncomplete(interaction: Interaction, access: RequestedAccess, decision: Allowing): boolean {
  if (decision === 'allow-hand-off') return destructiveScopes(access).size > 0
  const offered = consentScopes(access, new Set(), needsCaution(interaction))
  return offered.length > 0 && offered.every(({ checked }) => !checked)
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

/** Ends the interaction with `access_denied`; nothing is granted. */
export async function cancelInteraction(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  ...writes: readonly Write[]
): Promise<void> {
  ctx.state.event.outcome = 'denied'
  const result = { error: 'access_denied', error_description: 'the person did not allow access' }
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
  const decision = decisionOf(parts, interaction, form)
  if (decision === 'deny') return deny(parts, ctx, interaction, accountId)
  const access = requestedAccess(interaction, parts.resources)
  const scopes = allowedScopes(access, form, decision)
  if (scopes.length === 0) {
    if (isIncomplete(interaction, access, decision)) {
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
  if (isPlainAllow && allowsNothingNew(offeredScopes(interaction, accountId, access), scopes)) {
    return showConsent(parts, ctx, interaction, accountId, 'nothingNew')
  }
  const ruling = decisionGuard.rule(ctx, uid, form, asksTwice(interaction))
  if (ruling === 'confirm') return showConfirm(parts, ctx, interaction, access, { decision, scopes, seen })
  if (ruling !== 'deliberate') {
    const problem = ruling === 'too-early' ? 'tooEarly' : 'notTicked'
    return step === 'confirm'
      ? showConfirm(parts, ctx, interaction, access, { decision, scopes, seen, problem })
      : showConsent(parts, ctx, interaction, accountId, problem, knowsNothingIsNew)
  }
  await grantAccess(parts, ctx, interaction, accountId, access, scopes, decision === 'allow-hand-off')
}

/** Ends the interaction with a grant for these scopes. */
async function grantAccess(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
  access: RequestedAccess,
  scopes: readonly string[],
  handOff: boolean,
): Promise<void> {
  const key = consentKey(interaction, accountId, access)
  const fingerprint = consentFingerprint(interaction.client)
  const remembered = rememberedScopes(interaction.known.consents, key.resource, fingerprint)
  const grantId = await saveGrant(parts.engine, key, access, scopes, remembered)
  const asked = [...access.scopes.map(({ name }) => name), ...access.openid]
  await parts.keepDocument(key.clientId)
  const consented = rememberConsent(parts.storage, key, fingerprint, {
    asked: [...asked, refusedToStay],
    allowed: isRefusedToStay(access, scopes, remembered) ? [...scopes, refusedToStay] : scopes,
  })
  const type = handOff ? 'consent.handed_off' : 'consent.allowed'
  const event = parts.audit.event(
    { type, accountId, clientId: key.clientId, detail: { scopes, resource: key.resource } },
    ctx.state.event,
  )
  ctx.state.event.outcome = 'allowed'
  const { login } = interaction.engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId }, ...(handOff ? { handOff } : {}) }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), consented, event)
}
