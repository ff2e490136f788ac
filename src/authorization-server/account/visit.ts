/** Who is signed in with this browser, read from the engine's session; a disabled account is nobody. */
import type { HttpContext } from '../../http/context.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { findSignedInSession } from '../../storage/accounts/account-sign-in.js'
import type { Payload } from '../../storage/adapter-types.js'
import { sessionCookieOf } from '../login/browser-session.js'
import type { AccountParts } from './parts.js'
import type { Visit } from './section.js'

/** The token of the area's forms belongs to the session, whatever its cookie's value is by now: other tabs go on after a new proof. */
export function formBinding(uid: string): string {
  return `account ${uid}`
}

export interface Visitor {
  /** Of the browser, also if it is nobody's. */
  readonly session: Visit['session'] | undefined
  /** Of somebody who is signed in. */
  readonly visit: Visit | undefined
}

function sessionOf(uid: string, payload: Payload): Visit['session'] {
  const { loginTs, amr } = payload
  return {
    uid,
    payload,
    provenAt: new Date((typeof loginTs === 'number' ? loginTs : 0) * 1000),
    methods: Array.isArray(amr) ? amr.filter((method) => typeof method === 'string') : [],
  }
}

export async function findVisitor(parts: AccountParts, ctx: HttpContext): Promise<Visitor> {
  const cookie = sessionCookieOf(ctx, parts)
  const found = cookie === undefined ? undefined : await findSignedInSession(parts.storage, cookie)
  if (found === undefined) return { session: undefined, visit: undefined }
  const { uid, payload, account } = found
  const session = sessionOf(uid, payload)
  if (account === undefined || account.disabledAt !== undefined) return { session, visit: undefined }
  ctx.state.event.subjectHash = subjectHash(account.id)
  ctx.state.accountLanguage = account.language
  return { session, visit: { ctx, account, session, csrfToken: parts.csrf.tokenFor(formBinding(uid)) } }
}

/** Whether the person proved who they are at most so many seconds ago. */
export function isProvenWithin({ storage }: AccountParts, { session }: Visit, seconds: number): boolean {
  return storage.clock.now().getTime() - session.provenAt.getTime() <= seconds * 1000
}
