/** The sign-in step: shows the forms, checks what was posted under the throttle, and opens the person's session. */

import { epochSeconds } from '../../base/clock.js'
import type { Write } from '../../database/writes.js'
import type { HttpContext, RequestEvent } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { endSession } from '../../storage/accounts/sessions.js'
import { openSession } from '../login/browser-session.js'
import { checkSignIn, type RefusedSignIn } from '../login/sign-in-check.js'
import { nameAtSignIn } from './decision-facts.js'
import { offeredProviders } from './demanded-proof.js'
import { type Interaction, saveInteraction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import type { InteractionParts } from './parts.js'
import { bindSignIn } from './signed-in-browser.js'

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
      email: state?.email ?? interaction.parameter('login_hint') ?? '',
      error: state?.error,
      retryAfterSeconds: state?.retryAfterSeconds,
      recoverUrl: publicPath(ctx, '/recover'),
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
  const checked = await checkSignIn(parts, ctx, interaction.known.claimant, method, form)
  if (!('proof' in checked)) {
    ctx.state.event.outcome = checked.error
    return showSignIn(parts, ctx, interaction, checked)
  }
  const { proof, counted } = checked
  const { accountId } = proof
  interaction.known.proven = proof
  const { acr, amr } = method
  const ts = epochSeconds(parts.storage.clock)
  await openSignIn(parts, ctx, interaction, { accountId, ts, acr, amr, counted })
}

/** A person who was proven, by whichever method: `known.proven` says on which condition. */
export interface OpenedSignIn {
  readonly accountId: string
  /** When they were proven, in seconds since 1970. */
  readonly ts: number
  readonly acr: string
  readonly amr: readonly string[]
  /** What is written along. */
  readonly counted?: Write
  /** For the audit trail. */
  readonly detail?: Readonly<Record<string, string>>
}

/** Opens the session, and goes back to the interaction. */
export async function openSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  { accountId, ts, acr, amr, counted, detail }: OpenedSignIn,
): Promise<void> {
  Object.assign(ctx.state.event, {
    outcome: 'succeeded',
    subjectHash: subjectHash(accountId),
  } satisfies Partial<RequestEvent>)
  const now = epochSeconds(parts.storage.clock)
  const signIn = { accountId, ts, acr, amr: [...amr] }
  const { engine, unit, known } = interaction
  const opened = await openSession(parts, ctx, unit, [known.browserSession, engine.session], signIn)
  engine.session = opened.session
  const browser = bindSignIn(ctx, engine)
  engine.result = { login: { ...signIn, remember: true, browser } }
  const event = parts.audit.event(
    { type: 'sign_in.succeeded', accountId, detail: { ...detail, address: ctx.state.clientAddress } },
    ctx.state.event,
  )
  await saveInteraction(interaction, now, ...(counted === undefined ? [] : [counted]), event)
  opened.giveCookie()
  seeOther(ctx, `/interaction/${engine.uid}`)
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
