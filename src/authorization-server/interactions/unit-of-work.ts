/**
 * Makes each request of a sign-in in progress one unit of work: its pages, and the engine's way back from them. The engine's
 * answer leaves after its writes are committed. If the commit fails, the browser keeps its cookies, the client gets no answer,
 * and a reload of the page goes on.
 */
import type { HttpMiddleware } from '../../http/context.js'
import { InteractionRequest, withinInteraction } from '../../storage/grants/interaction-request.js'
import type { Storage } from '../../storage/storage.js'
import { PageError } from '../pages/page-error.js'
import { routes } from '../routes.js'

/** Where a browser comes with the cookie of an interaction. */
const places: readonly string[] = ['/interaction/', `${routes.authorization}/`, `${routes.code_verification}/`]

/** Middleware ahead of the pages and the engine. Throws PageError `interaction-expired` when another request answered first. */
export function commitInteractions(storage: Storage): HttpMiddleware {
  return async (ctx, next) => {
    const place = places.find((prefix) => ctx.path.startsWith(prefix))
    if (place === undefined) return next()
    const request = new InteractionRequest(storage, ctx.path.slice(place.length))
    await withinInteraction(request, next)
    let isCommitted = false
    try {
      isCommitted = await request.commit()
    } finally {
      if (!isCommitted) for (const header of ['location', 'set-cookie']) ctx.remove(header)
    }
    if (!isCommitted) throw new PageError('interaction-expired', 'invalid_request', 400)
  }
}
