/**
 * Open-redirect guard: holds back the redirect of an authorization request that failed before the person did anything, if it
 * leads to the website of a self-registered client. A link to this server would otherwise lead anywhere, with our name in front
 * (RFC 9700 §4.11.2). A page names the site, and the client gets its answer if the person goes on. Loopback and private-use
 * redirects stay on the person's device. Operator clients and known products are trusted. All of these get their answer at once.
 */

import type { HttpContext, HttpMiddleware } from '../../http/context.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import { canParseUrl } from '../../oauth/url.js'
import type { Pages } from '../../pages/pages.js'
import { publicProblemOf } from '../../problems/find-problem.js'
import { uniformly } from '../clients/failure-timing.js'
import { knownClient } from '../clients/known-clients.js'
import { postsError } from '../endpoints/form-post.js'
import { engineRequest } from '../engine/engine-context.js'
import { failureOf } from '../engine/engine-events.js'
import type { EngineClient } from '../engine/engine-types.js'
import type { Views } from '../pages/views.js'
import { routes } from '../routes.js'

/** The address of the answer, when it carries an error there. */
function errorReturn(location: string, redirectUri: string): URL | undefined {
  if (!canParseUrl(location) || new URL(location).origin !== new URL(redirectUri).origin) return undefined
  const url = new URL(location)
  const isError = url.searchParams.has('error') || new URLSearchParams(url.hash.slice(1)).has('error')
  return isError ? url : undefined
}

/** An operator client or a known product: its redirects need no warning. */
export function isTrusted(client: EngineClient | undefined): boolean {
  return client === undefined || client['made_by_operator'] === true || knownClient(client.clientId) !== undefined
}

function holdBack(pages: Pages<Views>, ctx: HttpContext, clientName: string | undefined, back: string | undefined) {
  const { event } = ctx.state
  event.outcome = 'held back'
  ctx.remove('location')
  const failure = failureOf(ctx)
  const code = failure?.error
  const problem = failure === undefined ? undefined : publicProblemOf(failure)
  pages.send(ctx, 'error', { kind: 'bad-request', requestId: event.requestId, code, problem, clientName, back }, 400)
}

/** Answers to `prompt=none`, for which no page may be shown (OpenID Connect Core §3.1.2.1, §3.1.2.6). */
const silentAnswers: ReadonlySet<unknown> = new Set([
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'unmet_authentication_requirements',
])

/** Longer than the look-ups of a session take, which are made for a browser that has one. */
const silentAnswerMs = 50

/** A refusal without a page to a client that nobody vouches for. Its time must not tell whether somebody is signed in. */
function isSilentRefusal(ctx: HttpContext): boolean {
  const { client, params } = engineRequest(ctx) ?? {}
  return params?.['prompt'] === 'none' && failureOf(ctx)?.error === 'login_required' && !isTrusted(client)
}

/** Middleware ahead of the engine. An answer that would be posted cannot be offered as a link: it ends here. */
export function holdBackErrors(pages: Pages<Views>): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== routes.authorization) return next()
    await uniformly(silentAnswerMs, next, () => isSilentRefusal(ctx))
    if (ctx.status < 300 && !postsError(ctx)) return
    const { client, params } = engineRequest(ctx) ?? {}
    const redirectUri = params?.['redirect_uri']
    if (typeof redirectUri !== 'string' || redirectKind(redirectUri) !== 'https' || isTrusted(client)) return
    if (params?.['prompt'] === 'none' && silentAnswers.has(failureOf(ctx)?.error)) return
    const clientName = client?.clientName ?? client?.clientId
    if (ctx.status === 303) {
      const back = errorReturn(String(ctx.response.get('location')), redirectUri)
      if (back !== undefined) holdBack(pages, ctx, clientName, back.href)
    } else if (postsError(ctx)) {
      holdBack(pages, ctx, clientName, undefined)
    }
  }
}
