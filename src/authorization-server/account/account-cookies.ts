/** Cookies of the account area: the one that a sign-in form is bound to, and the one that carries a notice over a redirect. */
import { randomSecret } from '../../base/secrets.js'
import type { HttpContext } from '../../http/context.js'
import { cookieSuffix } from '../../oauth/cookie-names.js'
import type { AccountNotice } from '../pages/account-views.js'

function nameOf(issuer: string, name: string): string {
  const isSecure = issuer.startsWith('https:')
  return `${isSecure ? '__Host-' : ''}gatehouse_${name}${cookieSuffix(issuer)}`
}

const attributes = { path: '/', httpOnly: true, sameSite: 'lax', signed: true } as const

/** What the form of a browser without a session is bound to. */
export function formCookieOf(ctx: HttpContext, issuer: string): string | undefined {
  return ctx.cookies.get(nameOf(issuer, 'account_form'), { signed: true })
}

/** The same, given to the browser if it has none. */
export function ensureFormCookie(ctx: HttpContext, issuer: string): string {
  const known = formCookieOf(ctx, issuer)
  if (known !== undefined) return known
  const made = randomSecret()
  ctx.cookies.set(nameOf(issuer, 'account_form'), made, attributes)
  return made
}

/** See second-factor.ts. */
export function firstFactorCookieOf(ctx: HttpContext, issuer: string): string | undefined {
  return ctx.cookies.get(nameOf(issuer, 'first_factor'), { signed: true })
}

/** Without a value it is taken away. */
export function setFirstFactorCookie(ctx: HttpContext, issuer: string, value: string | undefined, seconds = 0): void {
  const lifetime = value === undefined ? {} : { maxAge: seconds * 1000 }
  ctx.cookies.set(nameOf(issuer, 'first_factor'), value ?? null, { ...attributes, ...lifetime })
}

/** Signed: a link from elsewhere must not make a page say that something was done. */
export function leaveNotice(ctx: HttpContext, issuer: string, notice: AccountNotice): void {
  ctx.cookies.set(nameOf(issuer, 'account_notice'), notice, { ...attributes, maxAge: 60_000 })
}

/** Once. */
export function takeNotice(ctx: HttpContext, issuer: string): string | undefined {
  const name = nameOf(issuer, 'account_notice')
  const notice = ctx.cookies.get(name, { signed: true })
  if (notice !== undefined) ctx.cookies.set(name, null, attributes)
  return notice
}
