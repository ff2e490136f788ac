/** For servers on web-standard requests and responses (Fetch standard) without a framework. */
import type { Answer } from './answer.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import { judgeBody } from './operation-body.js'
import type { ResourceServer } from './resource-server.js'

export function responseOf({ status, headers, body }: Answer): Response {
  return new Response(body === '' ? null : body, { status, headers })
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * The guard for a `fetch` handler: a response to send at once, or what is known of the caller, whose `headers` the handler's own
 * response should get. The body of the request stays unread.
 */
export async function guardRequest(server: ResourceServer, request: Request): Promise<Response | AuthorizedRequest> {
  const decision = await server.decide(request)
  if ('answer' in decision) return responseOf(decision.answer)
  if (!decision.serve.needsBody) return decision.serve
  const { body, headers } = request.clone()
  const judged = await judgeBody(decision.serve, body ?? nothing(), headers.get('content-length'))
  return 'answer' in judged ? responseOf(judged.answer) : decision.serve
}
