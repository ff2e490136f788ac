/** `Continue with <provider>` on the sign-in page of the account area, and the way back from the provider. */
import { epochSeconds } from '../../base/clock.js'
import type { HttpContext } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { subjectHash } from '../../oauth/subject-hash.js'
import { isProvenByLink } from '../../storage/accounts/identity-links.js'
import { decidedBy, type UnitOfWork } from '../../storage/unit-of-work.js'
import { openSession } from '../login/browser-session.js'
import { providerLogin } from '../login/provider-login.js'
import { PageError } from '../pages/page-error.js'
import { providerSignInPath, signInThen, wayBack } from './account-paths.js'
import type { AccountParts } from './parts.js'
import type { Visit } from './section.js'

const askedWay = (ctx: HttpContext): string => wayBack(new URLSearchParams(ctx.querystring).get('to'))

/** The button was pressed, in one of our forms. `visit`: the person is signed in, and proves who they are once more. */
export async function beginAccountSignIn(
  { providerSignIn }: AccountParts,
  ctx: HttpContext,
  form: URLSearchParams,
  visit: Visit | undefined,
): Promise<void> {
  await providerSignIn.begin(ctx, form.get('provider') ?? '', {
    purpose: 'account',
    goesOnAt: `${providerSignInPath}?to=${encodeURIComponent(askedWay(ctx))}`,
    isFresh: visit !== undefined,
  })
}

/** `earlier`: the session of the browser, if it has one. */
export async function finishAccountSignIn(
  parts: AccountParts,
  ctx: HttpContext,
  unit: UnitOfWork,
  earlier: Visit['session'] | undefined,
): Promise<void> {
  const to = askedWay(ctx)
  const again = signInThen(to)
  const arrival = await parts.providerSignIn.arrive(ctx, 'account')
  if (arrival === undefined) return seeOther(ctx, again)
  const { provider, identity } = arrival
  const found = await parts.providerAccounts.accountFor(provider, identity, ctx.state.event)
  if ('page' in found) throw new PageError(`provider-${found.page}`, 'access_denied', 403, { again })
  const { accountId } = found
  const now = epochSeconds(parts.storage.clock)
  const { acr, amr } = providerLogin
  const signIn = { accountId, ts: Math.min(identity.authTime ?? now, now), acr, amr: [...amr] }
  unit.decide(decidedBy({ text: isProvenByLink.alone, values: [accountId, identity.issuer, identity.subject] }))
  const { giveCookie } = await openSession(parts, ctx, unit, [earlier?.payload], signIn)
  const detail = { address: ctx.state.clientAddress, at: 'account', provider: provider.id }
  unit.write(parts.audit.event({ type: 'sign_in.succeeded', accountId, detail }, ctx.state.event))
  if ((await unit.commit()).kind !== 'committed')
    throw new PageError('provider-no-account', 'access_denied', 403, { again })
  Object.assign(ctx.state.event, { outcome: 'succeeded', subjectHash: subjectHash(accountId) })
  giveCookie()
  seeOther(ctx, to)
}
