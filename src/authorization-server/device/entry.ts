/**
 * The door to the engine's device endpoints (RFC 8628 §3.1, §3.3): limits how often they are used, and guessing above all; reads
 * codes as people type them; and takes the way past two pages of the engine's: its script that posts the code of a link by itself
 * (the person shall look at it first), and its confirmation (our consent page is that).
 */
import type { IncomingMessage } from 'node:http'
import { clientNetwork } from '../../platform/client-network.js'
import { readForm } from '../../platform/form.js'
import { type HttpContext, type HttpMiddleware, publicPath } from '../../platform/http.js'
import type { Pages } from '../../platform/pages.js'
import type { RateLimits } from '../../storage/rate-limits.js'
import type { CsrfProtection } from '../csrf.js'
import { PageError } from '../page-error.js'
import { replaceBody } from '../parameters.js'
import { routes } from '../routes.js'
import type { Views } from '../views.js'
import { formatUserCode, parseUserCode } from './user-code.js'

export interface DeviceEntryParts {
  readonly limits: RateLimits
  readonly csrf: CsrfProtection
  readonly pages: Pages<Views>
}

/**
 * Codes entered in a quarter of an hour, right or wrong. There are 20⁸ codes: whoever used up the total at a time when a hundred
 * devices wait would have found one with a chance of 1 in 50,000 (RFC 8628 §5.1).
 */
export const userCodeLimits = { windowSeconds: 15 * 60, address: 40, total: 5_000 } as const

/** Codes asked for, and pages opened to enter one, in the same time: each leaves a row behind for a while. */
export const deviceLimits = { address: 200, total: 20_000 } as const

const entered = new WeakMap<IncomingMessage, string>()

/** The code that came with this request by link or form, for the field; '' without one. */
export function enteredCode(ctx: Pick<HttpContext, 'req'>): string {
  return entered.get(ctx.req) ?? ''
}

async function countUse({ limits }: DeviceEntryParts, what: string, address: string) {
  const { windowSeconds } = userCodeLimits
  const key = `${what} from ${clientNetwork(address)}`
  return limits.take(
    { key, limit: deviceLimits.address, windowSeconds },
    { key: what, limit: deviceLimits.total, windowSeconds },
  )
}

/** Devices understand JSON; people get it as a page. */
function tooMany(ctx: HttpContext, { retryAfterSeconds }: { readonly retryAfterSeconds: number }): never {
  ctx.set('retry-after', String(retryAfterSeconds))
  throw new PageError('busy', 'temporarily_unavailable', 429)
}

async function countEntry({ limits }: DeviceEntryParts, address: string) {
  const { windowSeconds, address: ofAddress, total } = userCodeLimits
  return limits.take(
    { key: `user code from ${clientNetwork(address)}`, limit: ofAddress, windowSeconds },
    { key: 'user codes', limit: total, windowSeconds },
  )
}

async function submitCode(parts: DeviceEntryParts, ctx: HttpContext, next: () => Promise<unknown>): Promise<void> {
  const form = await readForm(ctx)
  if (parts.csrf.isFromElsewhere(ctx)) {
    throw new PageError('form-expired', 'access_denied', 403, { detail: 'CSRF check failed' })
  }
  const code = parseUserCode(form.get('user_code') ?? '')
  const xsrf = form.get('xsrf') ?? ''
  entered.set(ctx.req, formatUserCode(code))
  const wait = code === '' ? undefined : await countEntry(parts, ctx.state.clientAddress)
  if (wait !== undefined) {
    ctx.state.event['outcome'] = 'too-many-attempts'
    ctx.set('retry-after', String(wait.retryAfterSeconds))
    const problem = { error: 'too-many-attempts', ...wait } as const
    parts.pages.send(
      ctx,
      'device',
      { userCode: enteredCode(ctx), action: publicPath(ctx, routes.code_verification), xsrf, ...problem },
      429,
    )
    return
  }
  replaceBody(ctx, Buffer.from(new URLSearchParams({ xsrf, user_code: code, confirm: 'yes' }).toString()))
  await next()
}

/** Middleware ahead of the engine. */
export function guardCodeEntry(parts: DeviceEntryParts): HttpMiddleware {
  return async (ctx, next) => {
    const asksForCode = ctx.path === routes.device_authorization && ctx.method === 'POST'
    if (ctx.path !== routes.code_verification && !asksForCode) return next()
    if (ctx.method === 'POST' && !asksForCode) return submitCode(parts, ctx, next)
    const excess = await countUse(parts, asksForCode ? 'device authorization' : 'code page', ctx.state.clientAddress)
    if (excess !== undefined) tooMany(ctx, excess)
    if (asksForCode) return next()
    const code = parseUserCode(new URLSearchParams(ctx.querystring).get('user_code') ?? '')
    entered.set(ctx.req, formatUserCode(code))
    ctx.querystring = ''
    return next()
  }
}
