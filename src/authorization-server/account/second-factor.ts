/**
 * What is kept of a right password while its code is looked for: in a cookie of this browser, sealed, for ten minutes. It opens nothing by
 * itself, and says nothing that the browser did not know.
 */
import { epochSeconds } from '../../base/clock.js'
import { SealError } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { findClaimant } from '../../storage/accounts/account-sign-in.js'
import type { Claimant } from '../../storage/grants/interaction-reader.js'
import {
  type AwaitedCode,
  awaitedCode,
  firstFactorSeconds,
  type KeptFirstFactor,
  keptFirstFactor,
} from '../login/code-check.js'
import type { Proven } from '../login/login-method.js'
import { firstFactorCookieOf, setFirstFactorCookie } from './account-cookies.js'
import { signInThen, wayBack } from './account-paths.js'
import type { AccountParts } from './parts.js'

const purpose = 'account first factor'

export function awaitAccountCode(parts: AccountParts, ctx: HttpContext, proven: Proven): void {
  const { clock, secretBox } = parts.storage
  const kept = secretBox.seal(JSON.stringify(keptFirstFactor(proven, epochSeconds(clock))), purpose)
  setFirstFactorCookie(ctx, parts.issuer, kept, firstFactorSeconds)
  ctx.state.event.outcome = 'code asked for'
  seeOther(ctx, signInThen(wayBack(new URLSearchParams(ctx.querystring).get('to')), '/code'))
}

export function forgetAccountCode(parts: Pick<AccountParts, 'issuer'>, ctx: HttpContext): void {
  setFirstFactorCookie(ctx, parts.issuer, undefined)
}

function keptIn({ storage: { secretBox }, issuer }: AccountParts, ctx: HttpContext): KeptFirstFactor | undefined {
  const sealed = firstFactorCookieOf(ctx, issuer)
  if (sealed === undefined) return undefined
  try {
    return JSON.parse(secretBox.open(sealed, purpose)) as KeptFirstFactor
  } catch (error) {
    if (error instanceof SealError) return undefined
    throw error
  }
}

/** The password that was right in this browser a moment ago, and still is the account's. */
export async function awaitedAccountCode(
  parts: AccountParts,
  ctx: HttpContext,
): Promise<{ readonly first: AwaitedCode; readonly claimant: Claimant | undefined } | undefined> {
  const kept = keptIn(parts, ctx)
  if (kept === undefined) return undefined
  const claimant = await findClaimant(parts.storage, kept.email)
  const first = awaitedCode(parts.storage, kept, claimant)
  return first && { first, claimant }
}
