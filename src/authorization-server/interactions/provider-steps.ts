/** `Continue with <provider>` on the way of an authorization: the provider's proof in place of a password. Everything behind it is the same. */
import { epochSeconds } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { isProvenByLink } from '../../storage/accounts/identity-links.js'
import { providerLogin } from '../login/provider-login.js'
import { PageError } from '../pages/page-error.js'
import { completeSignIn } from './complete-sign-in.js'
import { demandedProof } from './demanded-proof.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'

/** The button was pressed. */
export async function beginProviderSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const { engine, parameter } = interaction
  await parts.providerSignIn.begin(ctx, form.get('provider') ?? '', {
    purpose: 'sign-in',
    goesOnAt: `/interaction/${engine.uid}/provider`,
    ...demandedProof(parts, interaction),
    loginHint: parameter('login_hint'),
    uiLocales: parameter('ui_locales'),
  })
}

/** The browser is back. A reload of the address leads to the dispatcher. */
export async function finishProviderSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
): Promise<void> {
  const { engine } = interaction
  const arrival = await parts.providerSignIn.arrive(ctx, 'sign-in')
  if (arrival === undefined) return seeOther(ctx, `/interaction/${engine.uid}`)
  const { provider, identity } = arrival
  const found = await parts.providerAccounts.accountFor(provider, identity, ctx.state.event)
  if ('page' in found) {
    const again = `/interaction/${engine.uid}`
    throw new PageError(`provider-${found.page}`, 'access_denied', 403, { again })
  }
  const { accountId } = found
  const account = await parts.accounts.find(accountId)
  if (account !== undefined) parts.knownBrowsers.remember(ctx, account.email, account.passwordHash)
  const proof = { accountId, condition: isProvenByLink, evidence: [identity.issuer, identity.subject] }
  const now = epochSeconds(parts.storage.clock)
  // What the provider says of it: a session there may be old.
  const told = { ts: Math.min(identity.authTime ?? now, now), detail: { provider: provider.id } }
  await completeSignIn(parts, ctx, interaction, { proven: { ...providerLogin, proof }, counted: [] }, 'provider', told)
}
