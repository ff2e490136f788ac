/**
 * Which posted forms come from a browser that holds a sign-in in progress. The interaction's cookie is signed and bound to its path, so it
 * is judged without the database; whether the interaction still lives is known later.
 */
import type { HttpContext } from '../../http/context.js'
import { engineCookies } from '../engine/engine-cookies.js'

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/** True for a form posted to an interaction with the cookie that this server signed for it, in every spelling of the path. */
export function isHeldForm(ctx: HttpContext, issuer: string): boolean {
  const [, first, uid = ''] = ctx.path.split('/')
  if (ctx.method !== 'POST' || first !== 'interaction') return false
  const held = ctx.cookies.get(engineCookies(issuer).names.interaction, { signed: true })
  return held !== undefined && held === decoded(uid)
}
