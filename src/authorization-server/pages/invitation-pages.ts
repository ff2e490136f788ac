/** The page behind an invitation (`/invite/:token`): the person chooses name and password, has an account, and is signed in. */
import Router from '@koa/router'
import { epochSeconds } from '../../base/clock.js'
import { randomSecret } from '../../base/secrets.js'
import type { HttpContext, HttpState } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { publicPath, seeOther } from '../../http/http.js'
import type { SignUp } from '../../oauth/declared-resource.js'
import { passwordLevel } from '../../oauth/sign-in-levels.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import type { Pages } from '../../pages/pages.js'
import type { AccountInvitations } from '../../storage/accounts/account-invitations.js'
import { findSignedInSession } from '../../storage/accounts/account-sign-in.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { decidedBy } from '../../storage/unit-of-work.js'
import { minimumPasswordLength, type Weakness, weaknesses } from '../accounts/password-rules.js'
import { openSession, type SessionParts, sessionCookieOf } from '../login/browser-session.js'
import type { KnownBrowsers } from '../login/known-browsers.js'
import type { PasswordHasher } from '../login/passwords.js'
import { accountPath } from '../routes.js'
import { unitOf } from '../units-of-work.js'
import type { CsrfProtection } from './csrf.js'
import { PageError } from './page-error.js'
import type { Views } from './views.js'

export interface InvitationPageParts extends SessionParts {
  readonly productName: string
  readonly invitations: AccountInvitations
  /** At the moment of the question. */
  readonly signUp: () => SignUp
  readonly knownBrowsers: KnownBrowsers
  readonly hasher: PasswordHasher
  readonly audit: AuditTrail
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
}

const longestName = 60

/** Empty if the person gives none. */
export function nameFrom(form: URLSearchParams): string {
  const name = (form.get('name') ?? '').replace(/\p{C}/gu, '').trim()
  return [...name].slice(0, longestName).join('')
}

const formBinding = (token: string): string => `invite ${token}`

function ended(): PageError {
  return new PageError('invitation-ended', 'access_denied', 410)
}

async function invitationOf({ invitations, signUp }: InvitationPageParts, token: string) {
  const invitation = signUp().policy === 'closed' ? undefined : await invitations.find(token)
  if (invitation === undefined) throw ended()
  return invitation
}

async function show(
  parts: InvitationPageParts,
  ctx: HttpContext,
  token: string,
  again: { readonly name: string; readonly error?: Weakness } = { name: '' },
): Promise<void> {
  const { email } = await invitationOf(parts, token)
  const context = {
    ...{ email, name: again.name, error: again.error, passwordLength: minimumPasswordLength },
    ...{ action: publicPath(ctx, `/invite/${encodeURIComponent(token)}`) },
    csrfToken: parts.csrf.tokenFor(formBinding(token)),
  }
  parts.pages.send(ctx, 'invite', context, again.error === undefined ? 200 : 422)
}

async function accept(parts: InvitationPageParts, ctx: HttpContext, token: string): Promise<void> {
  const { audit, csrf, hasher, invitations, knownBrowsers, productName, storage } = parts
  const unit = unitOf(ctx)
  if (unit === undefined) throw new Error('the form of an invitation is no unit of work')
  const form = await readForm(ctx)
  if (!csrf.accepts(ctx, formBinding(token), form.get('csrf')))
    throw new PageError('form-expired', 'access_denied', 403)
  // Asked before the costly hash; the commit decides.
  const { email, groups } = await invitationOf(parts, token)
  const name = nameFrom(form)
  const password = form.get('password') ?? ''
  const [error] = weaknesses(password, { email, productName })
  if (error !== undefined) return show(parts, ctx, token, { name, error })
  const passwordHash = await hasher.hash(password)
  const cookie = sessionCookieOf(ctx, parts)
  const earlier = cookie === undefined ? undefined : await findSignedInSession(storage, cookie)
  const accountId = randomSecret(16)
  const account = { id: accountId, name: name === '' ? undefined : name, passwordHash }
  unit.decide(decidedBy(invitations.redeeming(token, account)))
  const signIn = { accountId, ts: epochSeconds(storage.clock), acr: passwordLevel, amr: ['pwd'] }
  const { giveCookie } = await openSession(parts, ctx, unit, [earlier?.payload], signIn)
  const detail = { address: ctx.state.clientAddress, at: 'invitation' }
  unit.write(
    audit.event({ type: 'account.created', accountId, detail: { by: 'invitation', groups } }, ctx.state.event),
    audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event),
  )
  if ((await unit.commit()).kind !== 'committed') throw ended()
  Object.assign(ctx.state.event, { outcome: 'created', subjectHash: subjectHash(accountId) })
  knownBrowsers.remember(ctx, email, passwordHash)
  giveCookie()
  seeOther(ctx, accountPath)
}

export function createInvitationRouter(parts: InvitationPageParts): Router<HttpState> {
  const router = new Router<HttpState>()
  router.get('/invite/:token', (ctx) => show(parts, ctx, ctx.params['token'] ?? ''))
  router.post('/invite/:token', (ctx) => accept(parts, ctx, ctx.params['token'] ?? ''))
  return router
}
