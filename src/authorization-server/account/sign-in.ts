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
import { checkSignIn, type RefusedSignIn } from '../login/sign-in-check.js'
import { PageError } from '../pages/page-error.js'
import { ensureFormCookie, formCookieOf } from './account-cookies.js'
import { signInThen, wayBack } from './account-paths.js'
import type { AccountParts } from './parts.js'
import type { Visit } from './section.js'

/** Forms of other pages are bound to values that a stranger can learn: the purpose is part of this one. */
function bindingOf(cookie: string): string {
  return `account sign-in ${cookie}`
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
  const csrfToken = parts.csrf.tokenFor(bindingOf(ensureFormCookie(ctx, parts.issuer)))
  parts.pages.send(
    ctx,
    'sign-in',
    {
      methods: parts.loginMethods.names,
      toAccount: visit === undefined ? 'open' : 'prove',
      email: state?.email ?? visit?.account.email ?? '',
      error: state?.error,
      retryAfterSeconds: state?.retryAfterSeconds,
      recoverUrl: publicPath(ctx, '/recover'),
      action: publicPath(ctx, signInThen(to)),
      csrfToken,
    },
    state?.status ?? 200,
  )
}

/** `earlier`: the session of the browser, if it has one. */
export async function submitAccountSignIn(
  parts: AccountParts,
  ctx: HttpContext,
  unit: UnitOfWork,
  form: URLSearchParams,
  earlier: Visit['session'] | undefined,
  visit: Visit | undefined,
): Promise<void> {
  const to = wayBack(new URLSearchParams(ctx.querystring).get('to'))
  const binding = formCookieOf(ctx, parts.issuer)
  if (binding === undefined || !parts.csrf.accepts(ctx, bindingOf(binding), form.get('csrf')))
    throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
  const method = parts.loginMethods.of(form)
  const claimant = await findClaimant(parts.storage, form.get('email') ?? '')
  const checked = await checkSignIn(parts, ctx, claimant, method, form)
  if (!('proof' in checked)) {
    ctx.state.event.outcome = checked.error
    return showAccountSignIn(parts, ctx, to, visit, checked)
  }
  const { proof, counted } = checked
  const { accountId } = proof
  const signIn = { accountId, ts: epochSeconds(parts.storage.clock), acr: method.acr, amr: [...method.amr] }
  unit.decide(decidedBy({ text: proof.condition.alone, values: [accountId, ...proof.evidence] }))
  const { giveCookie } = await openSession(parts, ctx, unit, [earlier?.payload], signIn)
  const detail = { address: ctx.state.clientAddress, at: 'account' }
  unit.write(counted, parts.audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event))
  if ((await unit.commit()).kind !== 'committed') {
    // The password was changed, or the account disabled, while the password was checked.
    ctx.state.event.outcome = 'wrong-credentials'
    const email = form.get('email') ?? ''
    return showAccountSignIn(parts, ctx, to, visit, { email, error: 'wrong-credentials', status: 401 })
  }
  Object.assign(ctx.state.event, { outcome: 'succeeded', subjectHash: subjectHash(accountId) })
  giveCookie()
  seeOther(ctx, to)
}
