/**
 * The engine's session, opened as soon as the person is proven. The engine itself opens it when it answers the client: after a denial,
 * or with another tab, the person would type the password again. A session opens nothing by itself: every client still needs a consent.
 */

import type { HttpContext } from '../../http/context.js'
import { sessionsEnd } from '../../storage/accounts/sessions.js'
import type { Payload } from '../../storage/adapter-types.js'
import type { Storage } from '../../storage/storage.js'
import type { UnitOfWork } from '../../storage/unit-of-work.js'
import { engineCookies } from '../engine/engine-cookies.js'
import type { Engine } from '../engine/engine-types.js'

export interface SessionParts {
  readonly engine: Engine
  readonly storage: Storage
  /** Exact `issuer`. */
  readonly issuer: string
  readonly sessionTtlSeconds: number
}

/** The value of the browser's session cookie, if its signature holds. */
export function sessionCookieOf(ctx: HttpContext, { issuer }: Pick<SessionParts, 'issuer'>): string | undefined {
  return ctx.cookies.get(engineCookies(issuer).names.session, { signed: true })
}

export interface ProvenSignIn {
  readonly accountId: string
  /** When the person was proven, in seconds since 1970. */
  readonly ts: number
  readonly acr: string
  readonly amr: string[]
}

export interface OpenedSession {
  readonly session: ProvenSession
  /** Gives the browser its cookie. Call it when the unit is committed. */
  giveCookie(): void
}

/** As an interaction remembers it. */
interface ProvenSession {
  accountId: string
  uid: string
  cookie: string
  acr: string
  amr: string[]
}

/**
 * Adds the person's session to what is written with the sign-in. The cookie's value is always new (session fixation, OWASP ASVS 7.2.4).
 * `earlier`: the session of the browser as it is stored, then others that the sign-in may replace. One of another account ends: two people
 * never share one (ASVS 7.2.4). The person's own keeps its row, because other tabs are tied to it. The unit's reader collects sessions.
 */
export async function openSession(
  { engine: { Session }, storage, issuer, sessionTtlSeconds }: SessionParts,
  ctx: HttpContext,
  unit: UnitOfWork,
  [browserSession, ...more]: readonly (Pick<Payload, 'accountId' | 'uid'> | undefined)[],
  { accountId, ts, acr, amr }: ProvenSignIn,
): Promise<OpenedSession> {
  const others = [browserSession, ...more].flatMap((session) =>
    session?.uid === undefined || (session.accountId ?? accountId) === accountId ? [] : [session.uid],
  )
  if (others.length > 0) unit.write(sessionsEnd(storage, others))
  const isKept = browserSession !== undefined && !others.includes(browserSession.uid ?? '')
  // The stored payload lacks the cookie's value: the new one of the constructor stays.
  const session = Object.assign(new Session(), isKept ? browserSession : {})
  session.loginAccount({ accountId, loginTs: ts, acr, amr })
  await session.save(sessionTtlSeconds)
  const { names, long } = engineCookies(issuer)
  return {
    session: { accountId, uid: session.uid, cookie: session.jti, acr, amr },
    giveCookie: () => {
      ctx.cookies.set(names.session, session.jti, { ...long, expires: new Date(session.exp * 1000) })
    },
  }
}
