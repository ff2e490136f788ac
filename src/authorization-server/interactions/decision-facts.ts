/** The facts that both decision pages show: the client, where the answer goes, which device waits. */

import type { HttpContext } from '../../http/context.js'
import { publicPath } from '../../http/http.js'
import { canParseUrl } from '../../oauth/url.js'
import { displayName, isProven, nameWarning, redirectTarget, shownIdentity } from '../clients/identity.js'
import { describeAsker } from '../device/asker.js'
import { formatUserCode } from '../device/user-code.js'
import type { ConsentContext, NameWarning } from '../pages/views.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import type { RequestedAccess } from './requested-access.js'

export type DecisionFacts = Pick<
  ConsentContext,
  'client' | 'redirect' | 'device' | 'resource' | 'action' | 'csrfToken' | 'seen'
>

/** A link of the client's metadata, when it is one a person may follow. */
function webLink(value: unknown): string | undefined {
  return typeof value === 'string' && value.startsWith('https://') && canParseUrl(value) ? value : undefined
}

/** The device that waits for this decision, if one does (RFC 8628 §3.3.1, §5.4: what it shows, and where it is). */
async function describeDevice(
  { engine: { DeviceCode }, hidesAddresses }: InteractionParts,
  ctx: HttpContext,
  { engine }: Interaction,
): Promise<ConsentContext['device']> {
  const code = engine.deviceCode === undefined ? undefined : await DeviceCode.find(engine.deviceCode)
  if (code === undefined) return undefined
  return { userCode: formatUserCode(code.userCode), asker: describeAsker(code.deviceInfo ?? {}, ctx, hidesAddresses) }
}

/** Where the answer goes; `undefined` when a device polls for it. */
export function redirectUriOf({ engine, parameter }: Interaction): string | undefined {
  return engine.deviceCode === undefined ? parameter('redirect_uri') : undefined
}

/** The operator made the client, and so chose where its answers go. */
function answersOperatorsChoice(interaction: Interaction): boolean {
  return interaction.isOperatorsClient && redirectUriOf(interaction) !== undefined
}

/**
 * True when anyone could have sent this request in the client's name: it is not proven to be the client's. An operator's client
 * with a redirect is exempt, because the operator chose where its answers go. A device can be anywhere.
 */
export function needsCaution(interaction: Interaction): boolean {
  const { client, isOperatorsClient } = interaction
  return (
    !answersOperatorsChoice(interaction) &&
    !isProven(client, { isOperatorsClient, redirectUri: redirectUriOf(interaction) })
  )
}

/**
 * True when one press that is not seen to be deliberate must not be enough. A host of its own proves who a client is, and everybody can
 * have one: who lays a trap for a press has one already.
 */
export function asksTwice(interaction: Interaction): boolean {
  return !answersOperatorsChoice(interaction)
}

function warningOf({ ownNames }: InteractionParts, interaction: Interaction): NameWarning | undefined {
  const { client, isOperatorsClient } = interaction
  return isOperatorsClient && !needsCaution(interaction) ? undefined : nameWarning(client, ownNames())
}

/**
 * The client's name for the sign-in page, which has no room for a warning. `undefined` for a name that could be the operator's own or an
 * office's: it would stand above the field for the password. A well-known product is named; what is proven of it, consent tells next.
 */
export function nameAtSignIn(parts: InteractionParts, interaction: Interaction): string | undefined {
  const warning = warningOf(parts, interaction)
  return warning === undefined || warning.kind === 'product' ? displayName(interaction.client) : undefined
}

export function describeClient(parts: InteractionParts, interaction: Interaction): ConsentContext['client'] {
  const { client, isOperatorsClient } = interaction
  const metadata = client.metadata()
  return {
    name: displayName(client),
    identity: shownIdentity(client, { isOperatorsClient, redirectUri: redirectUriOf(interaction) }, parts.ownNames()),
    nameWarning: warningOf(parts, interaction),
    uri: webLink(metadata['client_uri']),
    policyUri: webLink(metadata['policy_uri']),
    termsUri: webLink(metadata['tos_uri']),
  }
}

/** `seen`: see `ConsentContext`. */
export async function decisionFacts(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  { resources }: RequestedAccess,
  seen: string,
): Promise<DecisionFacts> {
  const { engine, client } = interaction
  const redirectUri = redirectUriOf(interaction)
  const [only, ...others] = resources.map(({ resource }) => resource)
  return {
    client: describeClient(parts, interaction),
    redirect: redirectUri === undefined ? undefined : redirectTarget(redirectUri, client),
    device: await describeDevice(parts, ctx, interaction),
    resource: only === undefined || others.length > 0 ? undefined : { name: only.name, url: only.resource },
    action: publicPath(ctx, `/interaction/${engine.uid}/consent`),
    csrfToken: parts.csrf.tokenFor(engine.uid),
    seen,
  }
}
