/** The consent step: says who asks for what, and turns the answer into one grant for this authorization. */

import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import { canParseUrl } from '../../oauth/url.js'
import { clientNetwork } from '../../platform/client-network.js'
import { epochSeconds } from '../../platform/clock.js'
import { type HttpContext, publicPath } from '../../platform/http.js'
import type { Write } from '../../platform/joined-writes.js'
import { hashSecret } from '../../platform/secrets.js'
import { type ConsentKey, rememberConsent, rememberedScopes } from '../../storage/consents.js'
import { consentFingerprint, displayName, identityOf, impersonates, redirectTarget } from '../clients/identity.js'
import { formatUserCode } from '../device/user-code.js'
import { PageError } from '../page-error.js'
import { saveGrant } from './grant.js'
import { offersHandOff } from './hand-off.js'
import { finishInteraction, type Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import {
  consentScopes,
  offersReadOnly,
  type RequestedAccess,
  readOnlyScopes,
  requestedAccess,
} from './requested-access.js'
import { switchAccount } from './sign-in.js'
import { standingScopes } from './standing-consent.js'

function consentKey(interaction: Interaction, accountId: string, access: RequestedAccess): ConsentKey {
  return { accountId, clientId: interaction.client.clientId, resource: access.resource?.resource ?? '' }
}

/** A link of the client's metadata, when it is one a person may follow. */
function webLink(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('https://') && canParseUrl(value) ? value : undefined
}

/** The device that waits for this decision, if one does (RFC 8628 §3.3.1, §5.4: what it shows, and where it is). */
async function describeDevice(
  { provider, hidesAddresses }: InteractionParts,
  ctx: HttpContext,
  { engine }: Interaction,
) {
  const code = engine.deviceCode === undefined ? undefined : await provider.DeviceCode.find(engine.deviceCode)
  if (code === undefined) return undefined
  const address = String(code.deviceInfo?.['address'] ?? '')
  const isNear = clientNetwork(address) === clientNetwork(ctx.state.clientAddress)
  return { userCode: formatUserCode(code.userCode), asker: hidesAddresses ? undefined : { address, isNear } }
}

/**
 * A public client proves itself by the redirect that the answer goes to. A device gets its answer without one, so there whoever
 * knows a client_id can use its name.
 */
function isUnproven({ client, engine }: Interaction): boolean {
  return engine.deviceCode !== undefined && client.metadata()['token_endpoint_auth_method'] === 'none'
}

function describeClient(interaction: Interaction) {
  const { client, isOperatorsClient } = interaction
  const identity = isUnproven(interaction) ? ({ kind: 'unverified' } as const) : identityOf(client, isOperatorsClient)
  const metadata = client.metadata()
  return {
    name: displayName(client),
    identity,
    looksLike: impersonates(client, identity),
    uri: webLink(metadata['client_uri']),
    policyUri: webLink(metadata['policy_uri']),
    termsUri: webLink(metadata['tos_uri']),
  }
}

/**
 * What a page was shown for. Both may change while it is read: clients change their documents and registrations, and in another tab
 * somebody else may sign in to the same interaction.
 */
function shownTo(accountId: string, fingerprint: string): string {
  return hashSecret(`${accountId}\n${fingerprint}`)
}

/** Shows the page for the account that signed in; asks for a sign-in when that account is gone or disabled. */
export async function showConsent(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
): Promise<void> {
  const { engine, client, unit } = interaction
  const account = unit.person(accountId)
  if (account === undefined || account.disabled) return switchAccount(parts, ctx, interaction)
  const access = requestedAccess(interaction, parts.resources)
  const key = consentKey(interaction, accountId, access)
  const fingerprint = consentFingerprint(client)
  const { resource } = access
  const remembered = rememberedScopes(unit.consents, key.resource, fingerprint)
  // What was allowed through a broader scope is nothing new.
  const before = expandScopes(remembered, resource === undefined ? {} : scopeHierarchyOf(resource))
  const device = await describeDevice(parts, ctx, interaction)
  const redirectUri = device === undefined ? interaction.parameter('redirect_uri') : undefined
  parts.pages.send(ctx, 'consent', {
    client: describeClient(interaction),
    redirect: redirectUri === undefined ? undefined : redirectTarget(redirectUri, client),
    device,
    resource: resource === undefined ? undefined : { name: resource.name, url: resource.resource },
    scopes: consentScopes(access, before),
    account: { email: account.email, name: account.name ?? undefined },
    lifetime: { days: Math.max(1, Math.round(parts.refreshTokenTtlSeconds / 86_400)) },
    action: publicPath(ctx, `/interaction/${engine.uid}/consent`),
    switchAccountAction: publicPath(ctx, `/interaction/${engine.uid}/switch-account`),
    csrfToken: parts.csrf.tokenFor(engine.uid),
    seen: shownTo(accountId, fingerprint),
    readOnly: offersReadOnly(access),
    handOff: offersHandOff(interaction),
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
  const { engine, client, unit } = interaction
  const account = unit.person(accountId)
  const isSignIn = engine.prompt.name === 'login' && engine.deviceCode === undefined
  if (!isSignIn || account === undefined || account.disabled) return false
  const access = requestedAccess(interaction, parts.resources)
  const request = {
    redirectUri: interaction.parameter('redirect_uri'),
    prompts: new Set(interaction.parameter('prompt')?.split(' ')),
    hintsAtPerson: false,
  }
  const scopes = standingScopes(client, request, access, unit.consents)
  if (scopes === undefined) return false
  const key = consentKey(interaction, accountId, access)
  const grantId = await saveGrant(parts.provider, key, access, scopes)
  const event = parts.audit.event(
    {
      type: 'consent.allowed',
      accountId,
      clientId: key.clientId,
      detail: { scopes, resource: key.resource, by: 'standing consent' },
    },
    ctx.state.event,
  )
  ctx.state.event['outcome'] = 'allowed'
  const { login } = engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId } }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), event)
  return true
}

/** Of what was asked for, what the form allows. Nothing that was not asked for is ever granted. */
function allowedScopes(access: RequestedAccess, form: URLSearchParams): string[] {
  const ticked = new Set(form.getAll('scope'))
  const openid = access.openid.filter(({ name }) => name === 'openid' || ticked.has(name)).map(({ name }) => name)
  if (form.get('decision') === 'allow-read-only') return [...readOnlyScopes(access), ...openid]
  return [...access.scopes.filter(({ name }) => ticked.has(name)).map(({ name }) => name), ...openid]
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
  ctx.state.event['outcome'] = 'denied'
  const result = { error: 'access_denied', error_description: 'the person did not allow access' }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), ...writes)
}

/** Handles the decision. */
export async function submitConsent(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  accountId: string,
  form: URLSearchParams,
): Promise<void> {
  const decision = form.get('decision')
  const handOff = decision === 'allow-hand-off' && offersHandOff(interaction)
  if (decision !== 'allow' && decision !== 'allow-read-only' && decision !== 'deny' && !handOff) {
    throw new PageError('bad-request', 'invalid_request', 400, { detail: 'no decision' })
  }
  const access = requestedAccess(interaction, parts.resources)
  const scopes = allowedScopes(access, form)
  // Allowing nothing at all is a refusal.
  if (decision === 'deny' || scopes.length === 0) return deny(parts, ctx, interaction, accountId)

  const key = consentKey(interaction, accountId, access)
  const fingerprint = consentFingerprint(interaction.client)
  // Nobody allows what they were not shown, or as somebody else: a page may still be open from before.
  if (form.get('seen') !== shownTo(accountId, fingerprint)) {
    return showConsent(parts, ctx, interaction, accountId)
  }
  const grantId = await saveGrant(parts.provider, key, access, scopes)
  const asked = [...access.scopes, ...access.openid].map(({ name }) => name)
  await parts.keepDocument(key.clientId)
  const consented = rememberConsent(parts.storage, key, fingerprint, { asked, allowed: scopes })
  const event = parts.audit.event(
    { type: 'consent.allowed', accountId, clientId: key.clientId, detail: { scopes, resource: key.resource } },
    ctx.state.event,
  )
  ctx.state.event['outcome'] = 'allowed'
  const { login } = interaction.engine.result ?? {}
  const result = { ...(login === undefined ? {} : { login }), consent: { grantId }, ...(handOff ? { handOff } : {}) }
  await finishInteraction(ctx, interaction, result, epochSeconds(parts.storage.clock), consented, event)
}
