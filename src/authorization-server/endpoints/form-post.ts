/**
 * Answers that the browser has to post: to the client (OAuth 2.0 Form Post Response Mode), or to this server itself while a sign-in goes
 * on. The page is one of this server's own instead of the engine's: a script whose hash is in the policy posts the form, and without
 * scripts the person presses the button.
 */
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import type { Pages } from '../../pages/pages.js'
import { engineRequest, formToken } from '../engine/engine-context.js'
import type { Views } from '../pages/views.js'
import { routes } from '../routes.js'

const postedErrors = new WeakSet<object>()

/** True when the answer is a page that posts an error to the client. */
export function postsError(ctx: HttpContext): boolean {
  return postedErrors.has(ctx)
}

export type PostForm = (ctx: HttpContext, action: string, fields: Readonly<Record<string, string>>) => void

export function createPostForm(pages: Pages<Views>): PostForm {
  return (ctx, action, fields) => {
    // An error, too, is an answer to the client: as a failure of this page, a proxy could put its own page in its place.
    pages.send(ctx, 'form-post', { action, host: new URL(action).host, fields })
    // Sends this server's origin to the client; with `same-origin` it would get `Origin: null`. The path is not sent.
    ctx.set('referrer-policy', 'strict-origin')
    if ('error' in fields) postedErrors.add(ctx)
  }
}

/** What only the engine's own page of this kind says. */
const enginesPage = '<title>Submitting Callback</title>'

/**
 * Middleware ahead of the engine. When somebody else signed in to the browser while an interaction was open, the engine has the earlier
 * session ended by a form that posts itself.
 */
export function postOnResume(postForm: PostForm): HttpMiddleware {
  return async (ctx, next) => {
    await next()
    if (!ctx.path.startsWith(`${routes.authorization}/`) || ctx.status !== 200) return
    if (typeof ctx.body !== 'string' || !ctx.body.includes(enginesPage)) return
    const request = engineRequest(ctx)
    if (request === undefined) return
    postForm(ctx, request.urlFor('end_session_confirm'), { xsrf: formToken(request), logout: 'yes' })
  }
}
