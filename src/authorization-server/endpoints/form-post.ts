/**
 * Answers that the browser has to post: to the client (OAuth 2.0 Form Post Response Mode), or to this server itself while a sign-in goes
 * on. The page is one of this server's own instead of the engine's: a script whose hash is in the policy posts the form, and without
 * scripts the person presses the button.
 */
import Provider, { type KoaContextWithOIDC } from 'oidc-provider'
import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import type { Pages } from '../../pages/pages.js'
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

/** The engine with our page in place of its own. It registers its response modes while it is constructed, and keeps the first of a name. */
export function engineThatPosts(postForm: PostForm): typeof Provider {
  return class extends Provider {
    override registerResponseMode(
      name: string,
      handler: Parameters<Provider['registerResponseMode']>[1],
    ): ReturnType<Provider['registerResponseMode']> {
      const ours: typeof handler = (ctx, redirectUri, response) => {
        const fields = Object.entries(response).map(([field, value]) => [field, String(value)] as const)
        postForm(ctx as unknown as HttpContext, redirectUri, Object.fromEntries(fields))
      }
      super.registerResponseMode(name, name === 'form_post' ? ours : handler)
    }
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
    const { oidc } = ctx as unknown as KoaContextWithOIDC
    const secret = oidc.session?.state?.['secret']
    const fields = { xsrf: typeof secret === 'string' ? secret : '', logout: 'yes' }
    postForm(ctx, oidc.urlFor('end_session_confirm'), fields)
  }
}
