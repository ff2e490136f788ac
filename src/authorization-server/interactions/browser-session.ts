/**
 * The engine's session, opened as soon as the person is proven. The engine itself opens it when it answers the client: after a denial,
 * or with another tab, the person would type the password again. A session opens nothing by itself: every client still needs a consent.
 */

import type { HttpContext } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { sessionsEnd } from '../../storage/accounts/sessions.js'
import { engineCookies } from '../engine/engine-cookies.js'
import type { Interaction } from './interaction.js'
import type { InteractionParts } from './parts.js'

/** The value of the browser's session cookie, if its signature holds. */
export function sessionCookieOf(ctx: HttpContext, { issuer }: InteractionParts): string | undefined {
  return ctx.cookies.get(engineCookies(issuer).names.session, { signed: true })
}

export interface ProvenSignIn {
  readonly accountId: string
  /** When the person was proven, in seconds since 1970. */
  readonly ts: number
  readonly acr: string
  readonly amr: string[]
}

/**
 * Adds the person's session to what is written with the interaction, and ties the interaction to it: if the session ends, by a sign-out
 * or by another sign-in, the consent page ends too. The cookie's value is always new (session fixation, OWASP ASVS 7.2.4). A session of
 * another account ends: two people never share one (ASVS 7.2.4). The person's own keeps its row, because other tabs are tied to it.
 * Returns a function that gives the browser its cookie. Call it when the interaction is saved.
 */
export async function openSession(
  { engine: { Session }, storage, issuer, sessionTtlSeconds }: InteractionParts,
  ctx: HttpContext,
  { engine, unit, known }: Interaction,
  { accountId, ts, acr, amr }: ProvenSignIn,
): Promise<() => void> {
  const { browserSession } = known
  const others = [browserSession, engine.session].flatMap((session) =>
    session?.uid === undefined || (session.accountId ?? accountId) === accountId ? [] : [session.uid],
  )
  if (others.length > 0) unit.write(sessionsEnd(storage, others))
  const isKept = browserSession !== undefined && !others.includes(browserSession.uid ?? '')
  // The stored payload lacks the cookie's value: the new one of the constructor stays.
  const session = Object.assign(new Session(), isKept ? browserSession : {})
  session.loginAccount({ accountId, loginTs: ts, acr, amr })
  await session.save(sessionTtlSeconds)
  engine.session = { accountId, uid: session.uid, cookie: session.jti, acr, amr }
  const { names, long } = engineCookies(issuer)
  return () => ctx.cookies.set(names.session, session.jti, { ...long, expires: new Date(session.exp * 1000) })
}

/**
 * Goes back to the engine if the person signed in with another tab since this interaction began: the engine asks them for the consent
 * alone. It judges the request again, so that `prompt=login` and `max_age` still ask for the password. False: the page has to be shown.
 */
export function continueSignedIn(ctx: HttpContext, { engine, known }: Interaction): boolean {
  const isSignedInSince = engine.prompt.reasons.includes('no_session') && known.browserSession?.accountId !== undefined
  if (!isSignedInSince || engine.result !== undefined) return false
  seeOther(ctx, engine.returnTo)
  return true
}
