/**
 * Answers a sign-out of somebody who is not signed in. There the engine asks nothing: a page that sends itself leads on to where the
 * client wants people afterwards, so that a link to us would lead to the site of anybody who registered (RFC 9700 §4.11.2). The person
 * reads that they are signed out, and may go on.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { redirectKind } from '../../oauth/redirect-uri.js'
import type { HttpMiddleware } from '../../platform/http.js'
import type { Pages } from '../../platform/pages.js'
import { routes } from '../routes.js'
import type { Views } from '../views.js'
import { isTrusted } from './held-return.js'

/** Where the client wants the person, with its `state` (OpenID Connect RP-Initiated Logout §3). */
function wayOn({ params }: KoaContextWithOIDC['oidc']): string | undefined {
  const { post_logout_redirect_uri: uri, state } = params ?? {}
  if (typeof uri !== 'string') return undefined
  const url = new URL(uri)
  if (typeof state === 'string') url.searchParams.set('state', state)
  return url.href
}

/** Middleware ahead of the engine. Clients of the operator, known products and programs on the person's own device go on as ever. */
export function answerSignedOut(pages: Pages<Views>): HttpMiddleware {
  return async (ctx, next) => {
    await next()
    if (ctx.path !== routes.end_session || ctx.status !== 200) return
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    if (oidc?.session === undefined || oidc.session.accountId !== undefined) return
    const on = wayOn(oidc)
    if (on !== undefined && (redirectKind(on) !== 'https' || isTrusted(oidc.client))) return
    ctx.state.event['outcome'] = 'signed out already'
    pages.send(ctx, 'signed-out', { back: on })
  }
}
