/** The sign-in step: shows the forms, checks what was posted under the throttle, and opens the person's session. */

import { epochSeconds } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { endSession } from '../../storage/accounts/sessions.js'
import { checkSignIn, type RefusedSignIn } from '../login/sign-in-check.js'
import { completeSignIn } from './complete-sign-in.js'
import { nameAtSignIn } from './decision-facts.js'
import { offeredProviders } from './demanded-proof.js'
import { type Interaction, saveInteraction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import type { InteractionParts } from './parts.js'
import { passkeySignIn, showPasskeySignIn } from './passkey-sign-in.js'
import { awaitCode } from './second-factor.js'

/** Shows the forms. A `login_hint` (OpenID Connect Core §3.1.2.1) fills in the email. */
export function showSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  state?: RefusedSignIn,
): void {
  const { uid } = interaction.engine
  const [only, ...others] = accessOf(parts, interaction).resources
  if (state?.retryAfterSeconds !== undefined) ctx.set('retry-after', String(state.retryAfterSeconds))
  parts.pages.send(
    ctx,
    'sign-in',
    {
      clientName: nameAtSignIn(parts, interaction),
      resourceName: others.length > 0 ? undefined : only?.resource.name,
      methods: parts.loginMethods.names,
      providers: offeredProviders(parts, interaction),
      providerAction: publicPath(ctx, `/interaction/${uid}/provider`),
      passkey: passkeySignIn(parts, ctx, interaction),
      email: state?.email ?? interaction.parameter('login_hint') ?? '',
      error: state?.error,
      retryAfterSeconds: state?.retryAfterSeconds,
      recoverUrl: publicPath(ctx, '/recover'),
      signUpUrl: parts.letsStrangersSignUp() ? publicPath(ctx, '/sign-up') : undefined,
      action: publicPath(ctx, `/interaction/${uid}/sign-in`),
      cancelAction: publicPath(ctx, `/interaction/${uid}/cancel`),
      csrfToken: parts.csrf.tokenFor(uid),
    },
    state?.status ?? 200,
  )
}

/** Handles the posted form: back to the interaction on success, the form again with one message for any wrong pair otherwise. */
export async function submitSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const method = parts.loginMethods.of(form)
  const { engine, known } = interaction
  const challenge = { purpose: 'sign-in', binding: engine.uid } as const
  const checked = await checkSignIn(parts, ctx, { claimant: known.claimant, challenge }, method, form)
  if (!('proven' in checked)) {
    ctx.state.event.outcome = checked.error
    if (checked.error === 'wrong-passkey') return showPasskeySignIn(parts, ctx, interaction, checked.error)
    return showSignIn(parts, ctx, interaction, checked)
  }
  // The tries stay counted until the code is right: a password alone must not set counters back.
  if (checked.proven.awaitsCodeOf !== undefined) return awaitCode(parts, ctx, interaction, checked.proven)
  await completeSignIn(parts, ctx, interaction, checked, method.name)
}

/** "Use another account": ends this browser's session and asks for a sign-in within the same interaction. */
export async function switchAccount(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
): Promise<void> {
  const { engine } = interaction
  if (engine.session?.uid !== undefined) await endSession(parts.storage, engine.session.uid)
  engine.session = undefined
  engine.result = undefined
  engine.prompt = { name: 'login', reasons: ['switch_account'], details: {} }
  await saveInteraction(interaction, epochSeconds(parts.storage.clock))
  seeOther(ctx, `/interaction/${engine.uid}`)
}
