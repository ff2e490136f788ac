/**
 * Authorization and logout requests that are posted (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). A form on the client's site
 * posts them, so the browser leaves the cookies out (`SameSite=Lax`), and the person would seem signed in nowhere. The server answers with
 * a 303 to the same request as GET: that navigation carries the cookies, and no cookie is weakened for it. A GET of the same parameters
 * can be linked to from anywhere, so the redirect gives a foreign page nothing that it lacks.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { readForm } from '../../http/form.js'
import { seeOther } from '../../http/http.js'
import { postedQuery } from '../../http/posted-query.js'
import { routes } from '../routes.js'
import { formParametersOf } from './parameters.js'

const postedPaths: ReadonlySet<string> = new Set([routes.authorization, routes.end_session])

/** True if the request is not answered here but by the GET that follows. */
export function isSentOn({ method, path }: HttpContext): boolean {
  return method === 'POST' && postedPaths.has(path)
}

/** Middleware behind the one that reads parameters. */
export const answerPostedRequests: HttpMiddleware = async (ctx, next) => {
  if (!isSentOn(ctx)) return next()
  const query = postedQuery(formParametersOf(ctx) ?? (await readForm(ctx)))
  ctx.set('cache-control', 'no-store')
  seeOther(ctx, `${ctx.path}?${query}`)
  // Koa's own body would repeat the parameters.
  ctx.body = ''
}
