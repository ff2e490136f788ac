/**
 * Middleware in front of the engine's device endpoints (RFC 8628 §3.1, §3.3): rate-limits them, guessing above all, and reads
 * codes as people type them. Replaces two pages of the engine: the one whose script posts the code of a link by itself, because
 * the person must look at it first, and the confirmation, which is the consent page here.
 */
import type { IncomingMessage } from 'node:http'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import type { RateLimit, RateLimits } from '../../storage/counters/rate-limits.js'
import type { DeviceCodeHooks } from '../engine/device-codes.js'
import { TooManyCodes } from '../engine/engine-errors.js'
import { giveParameters } from '../engine/engine-parameters.js'
import { senderNetworks } from '../limits/sender.js'
import type { CsrfProtection } from '../pages/csrf.js'
import { PageError } from '../pages/page-error.js'
import { routes } from '../routes.js'
import { formatUserCode, parseUserCode } from './user-code.js'

export interface DeviceEntryParts {
  readonly limits: RateLimits
  readonly csrf: CsrfProtection
  /** See `AuthorizationServerOptions`. */
  readonly hidesAddresses: boolean
}

/**
 * Codes entered in a quarter of an hour, right or wrong; beyond the total, one address has a few left. There are 20⁸ codes: an attacker
 * who used up the total at a time when a hundred devices wait would have found one with a chance of 1 in 50,000 (RFC 8628 §5.1).
 */
export const userCodeLimits = { windowSeconds: 15 * 60, address: 40, total: 5_000, addressBeyond: 3 } as const

/** Codes asked for, and pages opened to enter one, in the same time: each leaves a row behind for a while. */
export const deviceLimits = { address: 200, total: 20_000, addressBeyond: 10 } as const

const entered = new WeakMap<IncomingMessage, string>()

/** The code that came with this request by link or form, for the field; '' without one. */
export function enteredCode(ctx: Pick<HttpContext, 'req'>): string {
  return entered.get(ctx.req) ?? ''
}

function limitOf(
  what: string,
  figures: typeof userCodeLimits | typeof deviceLimits,
  hidesAddresses: boolean,
): RateLimit {
  const { address, total, addressBeyond } = figures
  const { windowSeconds } = userCodeLimits
  return {
    what,
    windowSeconds,
    perAddress: hidesAddresses ? undefined : address,
    total,
    perAddressBeyond: addressBeyond,
  }
}

/**
 * Counts a code that was typed right before the engine looks it up, once the token of its form held, and a code for a device right before
 * it is stored. A request that is refused before costs nothing, so it must use nothing up.
 */
export function limitDeviceCodes({ limits, hidesAddresses }: DeviceEntryParts): DeviceCodeHooks {
  const count = (limit: RateLimit) => async (ctx: HttpContext) => {
    const excess = await limits.take(limit, senderNetworks(ctx))
    if (excess === undefined) return
    ctx.set('retry-after', String(excess.retryAfterSeconds))
    throw new TooManyCodes(excess)
  }
  return {
    beforeLookup: count(limitOf('user code', userCodeLimits, hidesAddresses)),
    beforeIssue: count(limitOf('device authorization', deviceLimits, hidesAddresses)),
  }
}

async function submitCode(parts: DeviceEntryParts, ctx: HttpContext, next: () => Promise<unknown>): Promise<void> {
  const form = await readForm(ctx)
  if (parts.csrf.isFromElsewhere(ctx)) {
    throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
  }
  const code = parseUserCode(form.get('user_code') ?? '')
  const xsrf = form.get('xsrf') ?? ''
  entered.set(ctx.req, formatUserCode(code))
  // `confirm` passes over the engine's own page for that.
  giveParameters(ctx, new URLSearchParams({ xsrf, user_code: code, confirm: 'yes' }))
  await next()
}

/** Middleware ahead of the engine. */
export function guardCodeEntry(parts: DeviceEntryParts): HttpMiddleware {
  const limit = limitOf('code page', deviceLimits, parts.hidesAddresses)
  return async (ctx, next) => {
    if (ctx.path !== routes.code_verification) return next()
    if (ctx.method === 'POST') return submitCode(parts, ctx, next)
    const excess = await parts.limits.take(limit, senderNetworks(ctx))
    if (excess !== undefined) {
      ctx.set('retry-after', String(excess.retryAfterSeconds))
      throw new PageError('busy', 'temporarily_unavailable', 429)
    }
    const code = parseUserCode(new URLSearchParams(ctx.querystring).get('user_code') ?? '')
    entered.set(ctx.req, formatUserCode(code))
    // With a code in the link the engine would answer with the page whose script posts it.
    giveParameters(ctx, new URLSearchParams())
    return next()
  }
}
