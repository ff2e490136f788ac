/** The end of every way to sign in on the way to a client: the session is opened, and the interaction goes on as the person. */
import { epochSeconds } from '../../base/clock.js'
import type { HttpContext, RequestEvent } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { openSession } from '../login/browser-session.js'
import { type CheckedSignIn, rememberBrowser } from '../login/sign-in-check.js'
import { type Interaction, saveInteraction } from './interaction.js'
import type { InteractionParts } from './parts.js'
import { bindSignIn } from './signed-in-browser.js'

/** What is told of a sign-in that was proven elsewhere. */
interface ToldElsewhere {
  /** When the person was proven, in seconds since 1970. */
  readonly ts: number
  /** For the audit trail. */
  readonly detail: Readonly<Record<string, string>>
}

/** Saves the sign-in on the condition of its proof. `by`: the way, for the audit trail. */
export async function completeSignIn(
  parts: InteractionParts,
  ctx: HttpContext,
  interaction: Interaction,
  { proven, counted }: CheckedSignIn,
  by: string,
  told?: ToldElsewhere,
): Promise<void> {
  const { proof, acr, amr } = proven
  const { accountId } = proof
  rememberBrowser(parts, ctx, proven)
  const { engine, unit, known } = interaction
  known.proven = proof
  Object.assign(ctx.state.event, {
    outcome: 'succeeded',
    subjectHash: subjectHash(accountId),
  } satisfies Partial<RequestEvent>)
  const now = epochSeconds(parts.storage.clock)
  const signIn = { accountId, ts: told?.ts ?? now, acr, amr: [...amr] }
  const opened = await openSession(parts, ctx, unit, [known.browserSession, engine.session], signIn)
  engine.session = opened.session
  const browser = bindSignIn(ctx, engine)
  engine.result = { login: { ...signIn, remember: true, browser } }
  const way = told?.detail ?? (by === 'password' ? {} : { by })
  const detail = { ...way, address: ctx.state.clientAddress }
  const event = parts.audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event)
  await saveInteraction(interaction, now, ...counted, event)
  opened.giveCookie()
  seeOther(ctx, `/interaction/${engine.uid}`)
}
