/** The sign-in step: shows the forms, checks what was posted under the throttle, and opens the person's session. */

import { epochSeconds } from '../../base/clock.js'
import type { Write } from '../../database/writes.js'
import { clientNetworks } from '../../http/client-network.js'
import type { HttpContext, RequestEvent } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { OAuthError } from '../../oauth/errors.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import { endSession } from '../../storage/accounts/sessions.js'
import type { SignInProof } from '../../storage/grants/interaction-reader.js'
import type { LoginMethod } from '../login/login-method.js'
import type { SignInError } from '../pages/views.js'
import { openSession } from './browser-session.js'
import { nameAtSignIn } from './decision-facts.js'
import { type Interaction, saveInteraction } from './interaction.js'
import { accessOf } from './interaction-access.js'
import type { InteractionParts } from './parts.js'
import { bindSignIn } from './signed-in-browser.js'

interface SignInState {
  readonly email: string
  readonly error?: SignInError
  readonly retryAfterSeconds?: number
  readonly status?: number
}

/** Shows the forms. A `login_hint` (OpenID Connect Core §3.1.2.1) fills in the email. */
export function showSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  state?: SignInState,
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
      email: state?.email ?? interaction.parameter('login_hint') ?? '',
      error: state?.error,
      retryAfterSeconds: state?.retryAfterSeconds,
      action: publicPath(ctx, `/interaction/${uid}/sign-in`),
      cancelAction: publicPath(ctx, `/interaction/${uid}/cancel`),
      csrfToken: parts.csrf.tokenFor(uid),
    },
    state?.status ?? 200,
  )
}

async function check(
  parts: InteractionParts,
  ctx: HttpContext,
  { known }: Interaction,
  method: LoginMethod,
  form: URLSearchParams,
): Promise<{ readonly proof: SignInProof; readonly counted: Write } | SignInState> {
  const email = form.get('email') ?? ''
  const knownBrowser = parts.knownBrowsers.recognize(ctx, email, known.claimant)
  const { clientAddress } = ctx.state
  const attempt = { email, address: parts.hidesAddresses ? undefined : clientAddress, knownBrowser }
  const wait = await parts.throttle.begin(attempt)
  if (wait !== undefined) {
    // In the request's log line, not in the audit table: a stranger could fill that without end.
    return { email, error: 'too-many-attempts', retryAfterSeconds: wait.retryAfterSeconds, status: 429 }
  }
  const networks = parts.hidesAddresses ? [] : clientNetworks(clientAddress).map(({ network }) => network)
  try {
    const sender = { networks, isKnown: knownBrowser !== undefined, knownTo: normalizeEmail(email) ?? email }
    const proof = await method.prove({ form, claimant: known.claimant, sender })
    if (proof === undefined) {
      await parts.audit.record({ type: 'sign_in.failed', detail: { address: clientAddress } }, ctx.state.event)
      return { email, error: 'wrong-credentials', status: 401 }
    }
    parts.knownBrowsers.remember(ctx, email, proof.passwordHash ?? known.claimant?.passwordHash)
    return { proof, counted: parts.throttle.success(attempt) }
  } catch (error) {
    await parts.throttle.cancel(attempt)
    if (!(error instanceof OAuthError) || error.status !== 503) throw error
    return { email, error: 'busy', retryAfterSeconds: 2, status: 503 }
  }
}

/** Handles the posted form: back to the interaction on success, the form again with one message for any wrong pair otherwise. */
export async function submitSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  form: URLSearchParams,
): Promise<void> {
  const method = parts.loginMethods.of(form)
  const checked = await check(parts, ctx, interaction, method, form)
  if (!('proof' in checked)) {
    ctx.state.event.outcome = checked.error
    return showSignIn(parts, ctx, interaction, checked)
  }
  const { proof, counted } = checked
  const { accountId } = proof
  interaction.known.proven = proof
  Object.assign(ctx.state.event, {
    outcome: 'succeeded',
    subjectHash: subjectHash(accountId),
  } satisfies Partial<RequestEvent>)
  const now = epochSeconds(parts.storage.clock)
  const signIn = { accountId, ts: now, acr: method.acr, amr: [...method.amr] }
  const giveSessionCookie = await openSession(parts, ctx, interaction, signIn)
  const browser = bindSignIn(ctx, interaction.engine)
  interaction.engine.result = { login: { ...signIn, remember: true, browser } }
  const event = parts.audit.event(
    { type: 'sign_in.succeeded', accountId, detail: { address: ctx.state.clientAddress } },
    ctx.state.event,
  )
  await saveInteraction(interaction, now, counted, event)
  giveSessionCookie()
  seeOther(ctx, `/interaction/${interaction.engine.uid}`)
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
