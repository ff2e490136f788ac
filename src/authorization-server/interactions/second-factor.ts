/**
 * The second factor behind a password, on the way to a client. Until it is right nobody is signed in: there is no session, and the interaction
 * knows the account only as somebody whose password is known to this browser.
 */
import { epochSeconds } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { firstFactorMember } from '../../storage/grants/interaction-reader.js'
import {
  type AwaitedCode,
  awaitedCode,
  type CodeKind,
  checkCode,
  checkRecoveryCodeAlone,
  type KeptFirstFactor,
  keptFirstFactor,
  type RefusedCode,
} from '../login/code-check.js'
import type { Proven } from '../login/login-method.js'
import type { CheckedSignIn } from '../login/sign-in-check.js'
import { completeSignIn } from './complete-sign-in.js'
import { nameAtSignIn } from './decision-facts.js'
import { type Interaction, saveInteraction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import { bindSignIn, isBoundBrowser } from './signed-in-browser.js'

/** Keeps the password's proof, and asks for the code. */
export async function awaitCode(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  proven: Proven,
): Promise<void> {
  const { engine, known } = interaction
  const now = epochSeconds(parts.storage.clock)
  const browser = bindSignIn(ctx, engine)
  known.proven = proven.proof
  ctx.state.event.outcome = 'code asked for'
  engine.result = { [firstFactorMember]: { ...keptFirstFactor(proven, now), browser } }
  await saveInteraction(interaction, now)
  seeOther(ctx, `/interaction/${engine.uid}`)
}

function isKept(value: unknown): value is KeptFirstFactor & { readonly browser: unknown } {
  return typeof value === 'object' && value !== null && 'accountId' in value && 'browser' in value
}

/** The password that was right in this browser a moment ago. */
function firstFactorOf(
  { storage }: Pick<InteractionParts, 'storage'>,
  ctx: HttpContext,
  { engine, known }: Interaction,
): AwaitedCode | undefined {
  const kept = engine.result?.[firstFactorMember]
  if (!isKept(kept) || !isBoundBrowser(ctx, kept.browser)) return undefined
  return awaitedCode(storage, kept, known.claimant)
}

function show(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  kind: CodeKind,
  email: string | undefined,
  problem?: RefusedCode,
): void {
  const { uid } = interaction.engine
  const path = (step: string) => publicPath(ctx, `/interaction/${uid}${step}`)
  if (problem?.retryAfterSeconds !== undefined) ctx.set('retry-after', String(problem.retryAfterSeconds))
  const { status = 200, ...shown } = problem ?? {}
  parts.pages.send(
    ctx,
    'second-factor',
    {
      ...{ kind, email, clientName: nameAtSignIn(parts, interaction), ...shown },
      action: path(`/${kind}`),
      otherPath: kind === 'code' ? path('/recovery-code') : path(''),
      switchAccountAction: path('/switch-account'),
      csrfToken: parts.csrf.tokenFor(uid),
    },
    status,
  )
}

/** The page for a code. False: there is no password that it would belong to. */
export function showCode(parts: InteractionParts, ctx: HttpContext, interaction: Interaction): boolean {
  if (firstFactorOf(parts, ctx, interaction) === undefined) return false
  show(parts, ctx, interaction, 'code', undefined)
  return true
}

/** The page for a recovery code: behind a password, or with the address of an account that has none. */
export function showRecoveryCode(parts: InteractionParts, ctx: HttpContext, interaction: Interaction): void {
  const isBehindPassword = firstFactorOf(parts, ctx, interaction) !== undefined
  show(parts, ctx, interaction, 'recovery-code', isBehindPassword ? undefined : '')
}

async function finish(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  kind: CodeKind,
  email: string | undefined,
  checked: CheckedSignIn | RefusedCode,
): Promise<void> {
  if ('proven' in checked) return completeSignIn(parts, ctx, interaction, checked, kind)
  ctx.state.event.outcome = checked.error
  show(parts, ctx, interaction, kind, email, checked)
}

/** Handles a posted code, or a recovery code in its place. */
export async function submitCode(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  kind: CodeKind,
  form: URLSearchParams,
): Promise<void> {
  const { claimant } = interaction.known
  const email = kind === 'recovery-code' ? form.get('email') : null
  if (email !== null) {
    const checked = await checkRecoveryCodeAlone(parts, ctx, email, claimant, form)
    return finish(parts, ctx, interaction, kind, email, checked)
  }
  const first = firstFactorOf(parts, ctx, interaction)
  if (first === undefined) return seeOther(ctx, `/interaction/${interaction.engine.uid}`)
  await finish(parts, ctx, interaction, kind, undefined, await checkCode(parts, ctx, first, claimant, kind, form))
}
