/**
 * Which posted forms come from a browser that holds a sign-in in progress. The interaction's cookie is signed and bound to its path, so it
 * is judged without the database; whether the interaction still lives is known later.
 */
import type { HttpContext } from '../../http/context.js'
import { engineCookies } from '../engine/engine-cookies.js'

/** True for a form posted to an interaction with a cookie that this server signed for one. Every spelling of the path is one. */
export function isHeldForm(ctx: HttpContext, issuer: string): boolean {
  if (ctx.method !== 'POST' || !ctx.path.startsWith('/interaction/')) return false
  return ctx.cookies.get(engineCookies(issuer).names.interaction, { signed: true }) !== undefined
}
