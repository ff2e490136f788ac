/** For servers on web-standard requests and responses (Fetch standard) without a framework. */
import type { Answer } from './answer.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import { judgeBody } from './operation-body.js'
import type { ResourceServer } from './resource-server.js'

export function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

/** Reads a clone, created only when the first byte is read: a request that is refused by its headers stays unread. */
async function* bytesOf(request: Request): AsyncGenerator<Uint8Array> {
  yield* request.clone().body ?? []
}

/**
 * The guard for a `fetch` handler: returns a response to send at once, or the caller with `headers` to set on the handler's own response.
 * The body of the request stays unread.
 */
export async function guardRequest(server: ResourceServer, request: Request): Promise<Response | AuthorizedRequest> {
  const decision = await server.decide(request)
  if ('answer' in decision) return responseOf(decision.answer)
  if (!decision.serve.needsBody) return decision.serve
  const judged = await judgeBody(decision.serve, bytesOf(request), request.headers.get('content-length'))
  return 'answer' in judged ? responseOf(judged.answer) : decision.serve
}
