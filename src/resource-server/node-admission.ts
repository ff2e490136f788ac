/** What the adapters of frameworks on Node's requests and responses share: a decision, carried out on both. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken } from './access-token.js'
import type { Answer } from './answer.js'
import type { AuthInfo } from './auth-info.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import { judgeNodeBody } from './operation-body.js'
import { nodeHeaders } from './request.js'
import type { ResourceServer } from './resource-server.js'

/** What a guarded request has on it, for its handler. */
export interface Admission {
  /** Where servers on the MCP SDK look. */
  auth: AuthInfo
  accessToken: AccessToken
  authorized: AuthorizedRequest
  /** The parsed JSON body, when the settings have rules for operations: it was read to be judged, so hand it on. */
  body?: unknown
}

export type ProtectedRequest = IncomingMessage & Admission

/** Writes an answer. */
export function answerWith(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers }).end(body)
}

/**
 * `undefined` when the request may be served; everything its handler may know is on it then. Else what to answer. `url`: as it was
 * asked for, when a router has changed it.
 */
export async function admit(
  server: ResourceServer,
  request: IncomingMessage & { body?: unknown },
  response: ServerResponse,
  url: string = request.url ?? '/',
): Promise<Answer | undefined> {
  const { method = 'GET' } = request
  const decision = await server.decide({ method, url, headers: nodeHeaders(request) })
  if ('answer' in decision) return decision.answer
  const { serve } = decision
  let json: unknown
  if (serve.needsBody) {
    const judged = await judgeNodeBody(serve, request, request.body)
    if ('answer' in judged) return judged.answer
    json = judged.json
  }
  for (const name in serve.headers) response.setHeader(name, serve.headers[name] ?? '')
  // One by one: Object.assign would turn the request into an object of the slow kind (a hash table), for every handler after this.
  const admitted: IncomingMessage & Partial<Admission> = request
  admitted.auth = serve.authInfo
  admitted.accessToken = serve.accessToken
  admitted.authorized = serve
  if (serve.needsBody) admitted.body = json
  return undefined
}
