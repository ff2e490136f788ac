/** The pages for a code behind a password, and for a recovery code, on the way to the account area. */
import type { HttpContext } from '../../http/context.js'
import { publicPath, seeOther } from '../../http/http.js'
import { findClaimant } from '../../storage/accounts/account-sign-in.js'
import { type CodeKind, checkCode, checkRecoveryCodeAlone, type RefusedCode } from '../login/code-check.js'
import { signInThen } from './account-paths.js'
import type { AccountParts } from './parts.js'
import { awaitedAccountCode, forgetAccountCode } from './second-factor.js'
import { type AccountSignIn, completeAccountSignIn, demandSignInForm, formTokenOf, wayBackOf } from './sign-in.js'

function show(
  parts: AccountParts,
  ctx: HttpContext,
  kind: CodeKind,
  email: string | undefined,
  problem?: RefusedCode,
): void {
  const to = wayBackOf(ctx)
  const path = (below?: string) => publicPath(ctx, signInThen(to, below))
  if (problem?.retryAfterSeconds !== undefined) ctx.set('retry-after', String(problem.retryAfterSeconds))
  const { status = 200, ...shown } = problem ?? {}
  const other = kind === 'code' ? '/recovery-code' : email === undefined ? '/code' : undefined
  parts.pages.send(
    ctx,
    'second-factor',
    {
      ...{ kind, email, ...shown },
      action: path(`/${kind}`),
      otherPath: path(other),
      switchAccountAction: path('/start-over'),
      csrfToken: formTokenOf(parts, ctx),
    },
    status,
  )
}

/** Without a password that it would belong to, a code is asked for by nobody: back to the sign-in page. */
export async function showAccountCode(parts: AccountParts, ctx: HttpContext, kind: CodeKind): Promise<void> {
  const awaited = await awaitedAccountCode(parts, ctx)
  if (awaited === undefined && kind === 'code') return seeOther(ctx, signInThen(wayBackOf(ctx)))
  show(parts, ctx, kind, awaited === undefined ? '' : undefined)
}

export async function submitAccountCode(parts: AccountParts, asked: AccountSignIn, kind: CodeKind): Promise<void> {
  const { ctx, form } = asked
  demandSignInForm(parts, ctx, form)
  const email = kind === 'recovery-code' ? form.get('email') : null
  const awaited = email === null ? await awaitedAccountCode(parts, ctx) : undefined
  if (email === null && awaited === undefined) return seeOther(ctx, signInThen(wayBackOf(ctx)))
  const checked =
    awaited === undefined
      ? await checkRecoveryCodeAlone(parts, ctx, email ?? '', await findClaimant(parts.storage, email ?? ''), form)
      : await checkCode(parts, ctx, awaited.first, awaited.claimant, kind, form)
  const isOpened = 'proven' in checked && (await completeAccountSignIn(parts, asked, checked, kind))
  if (isOpened) return forgetAccountCode(parts, ctx)
  const refused = 'proven' in checked ? ({ error: 'wrong-code', status: 401 } as const) : checked
  ctx.state.event.outcome = refused.error
  show(parts, ctx, kind, email ?? undefined, refused)
}
