/**
 * Which posted forms come from a browser that holds a sign-in in progress. The interaction's cookie is signed and bound to its path, so it
 * is judged without the database; whether the interaction still lives is known later.
 */
import type { HttpContext } from '../../http/context.js'
import { formCookieOf } from '../account/account-cookies.js'
import { engineCookies } from '../engine/engine-cookies.js'
import { accountPath } from '../routes.js'

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** The session, or what the account's sign-in form is bound to. Whether the session lives is known later. */
function holdsAccountCookie(ctx: HttpContext, issuer: string): boolean {
  const session = ctx.cookies.get(engineCookies(issuer).names.session, { signed: true })
  return session !== undefined || formCookieOf(ctx, issuer) !== undefined
}

/**
 * True for a form posted to an interaction with the cookie that this server signed for it, in every spelling of the path, and for one of the
 * account area from a browser that has one of its pages.
 */
export function isHeldForm(ctx: HttpContext, issuer: string): boolean {
  const [, first, uid = ''] = ctx.path.split('/')
  if (ctx.method === 'POST' && `/${first}` === accountPath) return holdsAccountCookie(ctx, issuer)
  if (ctx.method !== 'POST' || first !== 'interaction') return false
  const held = ctx.cookies.get(engineCookies(issuer).names.interaction, { signed: true })
  return held !== undefined && held === decoded(uid)
}
