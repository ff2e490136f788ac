/**
 * Two answers to sign-outs that the engine gives otherwise. If nobody is signed in, the engine sends a page that posts itself and leads on
 * to where the client wants people afterwards: a link to this server would lead to the site of anybody who registered (RFC 9700 §4.11.2).
 * Here the person reads that they are signed out, and may go on; a trusted client gets a redirect. If the person chose to stay, the
 * engine would say that they are signed out.
 */
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { seeOther } from '../../http/http.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import type { Pages } from '../../pages/pages.js'
import { engineRequest } from '../engine/engine-context.js'
import type { EngineRequest } from '../engine/engine-types.js'
import type { SignedOutContext, Views } from '../pages/views.js'
import { routes } from '../routes.js'
import { isTrusted } from './open-redirect-guard.js'

/** Where the client wants the person, with its `state` (OpenID Connect RP-Initiated Logout §3). */
function wayOn({ params }: EngineRequest): string | undefined {
  const { post_logout_redirect_uri: uri, state } = params ?? {}
  if (typeof uri !== 'string') return undefined
  const url = new URL(uri)
  if (typeof state === 'string') url.searchParams.set('state', state)
  return url.href
}

/** An answer in place of the engine's: a page, or a redirect that needs none. */
type SignOutAnswer = SignedOutContext | { readonly leadOn: string }

/** With nobody to sign out, clients of the operator, known products and programs on the person's own device get the person at once. */
function ofNobody(request: EngineRequest): SignOutAnswer | undefined {
  if (request.session === undefined || request.session.accountId !== undefined) return undefined
  const back = wayOn(request)
  if (back !== undefined && (redirectKind(back) !== 'https' || isTrusted(request.client))) return { leadOn: back }
  return { hasStayed: false, back }
}

function ofWhoStays(ctx: HttpContext, request: EngineRequest): SignedOutContext | undefined {
  const isAtEnd = String(ctx.response.get('location')).startsWith(request.urlFor('end_session_success'))
  return isAtEnd && request.params?.['logout'] === undefined ? { hasStayed: true } : undefined
}

/** Middleware ahead of the engine. */
export function answerSignOuts(pages: Pages<Views>): HttpMiddleware {
  const answerFor = (ctx: HttpContext): SignOutAnswer | undefined => {
    const request = engineRequest(ctx)
    if (request === undefined) return undefined
    if (ctx.path === routes.end_session && ctx.status === 200) return ofNobody(request)
    return ctx.path === `${routes.end_session}/confirm` && ctx.status === 303 ? ofWhoStays(ctx, request) : undefined
  }
  return async (ctx, next) => {
    await next()
    const answer = answerFor(ctx)
    if (answer === undefined) return
    if ('leadOn' in answer) {
      seeOther(ctx, answer.leadOn)
      ctx.body = ''
      return
    }
    ctx.remove('location')
    pages.send(ctx, 'signed-out', answer)
  }
}
