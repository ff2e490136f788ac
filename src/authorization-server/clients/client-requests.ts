/**
 * Notes that a client which registered itself was used: a person opened its authorization request, it pushed one, or it asked for a device
 * code. Somebody who comes back to what they began finds the registration again (storage/clients/client-hygiene.ts).
 */
import type { Logger } from '../../base/log.js'
import type { HttpMiddleware } from '../../http/context.js'
import { claimsMetadataDocument } from '../../oauth/client-id.js'
import { createRequestNotes } from '../../storage/clients/client-hygiene.js'
import type { Storage } from '../../storage/storage.js'
import { clientOf } from '../engine/engine-context.js'
import { routes } from '../routes.js'

const requested: ReadonlySet<string> = new Set([
  routes.authorization,
  routes.pushed_authorization_request,
  routes.device_authorization,
])

/** Middleware around the engine. A refused request is no use. A failure to note one is logged: the next request is noted in its place. */
export function noteClientRequests(storage: Storage, log: Logger): HttpMiddleware {
  const note = createRequestNotes(storage)
  return async (ctx, next) => {
    await next()
    if (!requested.has(ctx.path) || ctx.status >= 400) return
    const client = clientOf(ctx)
    if (client === undefined || client['made_by_operator'] === true || claimsMetadataDocument(client.clientId)) return
    await note(client.clientId, client.clientIdIssuedAt ?? 0).catch((err: unknown) =>
      log.warn({ err, requestId: ctx.state.event.requestId }, 'the time a client was last used was not stored'),
    )
  }
}
