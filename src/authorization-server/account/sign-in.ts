/**
 * Signing in to the account area, without any client: the same forms, tries and methods as on the way to one
 * (login/sign-in-check.ts). Somebody who is signed in proves once more who they are with the same page; the session then has the new
 * proof's method and time.
 */
import { epochSeconds } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { findClaimant } from '../../storage/accounts/account-sign-in.js'
import { decidedBy, type UnitOfWork } from '../../storage/unit-of-work.js'
import { openSession } from '../login/browser-session.js'
import { type CheckedSignIn, checkSignIn, type RefusedSignIn, rememberBrowser } from '../login/sign-in-check.js'
import { PageError } from '../pages/page-error.js'
import { ensureFormCookie, formCookieOf } from './account-cookies.js'
import { providerSignInPath, signInThen, wayBack } from './account-paths.js'
import type { AccountParts } from './parts.js'
import { awaitAccountCode } from './second-factor.js'
import type { Visit } from './section.js'

/** Forms of other pages are bound to values that a stranger can learn: the purpose is part of this one. */
function bindingOf(cookie: string): string {
  return `account sign-in ${cookie}`
}

/** The token of this browser's sign-in forms. */
export function formTokenOf(parts: AccountParts, ctx: HttpContext): string {
  return parts.csrf.tokenFor(bindingOf(ensureFormCookie(ctx, parts.issuer)))
}

/** `to`: where the person goes afterwards. `visit`: they are signed in, and prove who they are once more. */
export function showAccountSignIn(
  parts: AccountParts,
  ctx: HttpContext,
  to: string,
  visit: Pick<Visit, 'account'> | undefined,
  state?: RefusedSignIn,
): void {
  if (state?.retryAfterSeconds !== undefined) ctx.set('retry-after', String(state.retryAfterSeconds))
  const binding = bindingOf(ensureFormCookie(ctx, parts.issuer))
  parts.pages.send(
    ctx,
    'sign-in',
    {
      methods: parts.loginMethods.names,
      passkey: parts.passkeys && {
        pagePath: publicPath(ctx, signInThen(to, '/passkey')),
        options: parts.passkeys.requestOptions('prove', binding),
      },
      toAccount: visit === undefined ? 'open' : 'prove',
      providers: parts.providerSignIn.offered(visit !== undefined),
      providerAction: publicPath(ctx, `${providerSignInPath}?to=${encodeURIComponent(to)}`),
      email: state?.email ?? visit?.account.email ?? '',
      error: state?.error,
      retryAfterSeconds: state?.retryAfterSeconds,
      recoverUrl: publicPath(ctx, '/recover'),
      signUpUrl: parts.letsStrangersSignUp() ? publicPath(ctx, '/sign-up') : undefined,
      action: publicPath(ctx, signInThen(to)),
      csrfToken: parts.csrf.tokenFor(binding),
    },
    state?.status ?? 200,
  )
}

/** The page that asks for a passkey. */
export function showAccountPasskey(parts: AccountParts, ctx: HttpContext, to: string, error?: 'wrong-passkey'): void {
  const binding = bindingOf(ensureFormCookie(ctx, parts.issuer))
  if (parts.passkeys === undefined) throw new PageError('not-found', 'invalid_request', 404)
  parts.pages.send(
    ctx,
    'passkey',
    {
      ...{ error, options: parts.passkeys.requestOptions('prove', binding) },
      action: publicPath(ctx, signInThen(to)),
      otherPath: publicPath(ctx, signInThen(to)),
      recoveryPath: publicPath(ctx, signInThen(to, '/recovery-code')),
      csrfToken: parts.csrf.tokenFor(binding),
    },
    error === undefined ? 200 : 401,
  )
}

/** Throws if the form is not of this browser. Returns what it is bound to. */
export function demandSignInForm(parts: AccountParts, ctx: HttpContext, form: URLSearchParams): string {
  const cookie = formCookieOf(ctx, parts.issuer)
  if (cookie === undefined || !parts.csrf.accepts(ctx, bindingOf(cookie), form.get('csrf')))
    throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
  return bindingOf(cookie)
}

/** What a form of the sign-in is about. */
export interface AccountSignIn {
  readonly ctx: HttpContext
  readonly unit: UnitOfWork
  readonly form: URLSearchParams
  /** The session of the browser, if it has one. */
  readonly earlier: Visit['session'] | undefined
  readonly visit: Visit | undefined
}

export function wayBackOf(ctx: HttpContext): string {
  return wayBack(new URLSearchParams(ctx.querystring).get('to'))
}

/** Opens the session, on the condition of the proof. False if that was withdrawn while it was checked; then nothing is written. */
export async function completeAccountSignIn(
  parts: AccountParts,
  { ctx, unit, earlier }: AccountSignIn,
  { proven, counted }: CheckedSignIn,
  by: string,
): Promise<boolean> {
  const { proof, acr, amr } = proven
  const { accountId } = proof
  const signIn = { accountId, ts: epochSeconds(parts.storage.clock), acr, amr: [...amr] }
  unit.decide(decidedBy({ text: proof.condition.alone, values: [accountId, ...proof.evidence] }))
  const { giveCookie } = await openSession(parts, ctx, unit, [earlier?.payload], signIn)
  const detail = { address: ctx.state.clientAddress, at: 'account', ...(by === 'password' ? {} : { by }) }
  unit.write(...counted, parts.audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event))
  if ((await unit.commit()).kind !== 'committed') return false
  rememberBrowser(parts, ctx, proven)
  Object.assign(ctx.state.event, { outcome: 'succeeded', subjectHash: subjectHash(accountId) })
  giveCookie()
  seeOther(ctx, wayBackOf(ctx))
  return true
}

export async function submitAccountSignIn(parts: AccountParts, asked: AccountSignIn): Promise<void> {
  const { ctx, form, visit } = asked
  const to = wayBackOf(ctx)
  const binding = demandSignInForm(parts, ctx, form)
  const method = parts.loginMethods.of(form)
  const claimant = method.isGuessable ? await findClaimant(parts.storage, form.get('email') ?? '') : undefined
  const checked = await checkSignIn(parts, ctx, { claimant, challenge: { purpose: 'prove', binding } }, method, form)
  const refuse = (state: RefusedSignIn) => {
    ctx.state.event.outcome = state.error
    if (state.error === 'wrong-passkey') return showAccountPasskey(parts, ctx, to, state.error)
    return showAccountSignIn(parts, ctx, to, visit, state)
  }
  if (!('proven' in checked)) return refuse(checked)
  if (checked.proven.awaitsCodeOf !== undefined) return awaitAccountCode(parts, ctx, checked.proven)
  if (await completeAccountSignIn(parts, asked, checked, method.name)) return
  // The password was changed, or the account disabled, while the password was checked.
  const error = method.isGuessable ? 'wrong-credentials' : 'wrong-passkey'
  refuse({ email: form.get('email') ?? '', error, status: 401 })
}
