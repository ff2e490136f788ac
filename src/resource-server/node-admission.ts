/** Shared by the adapters for Node's requests and responses: applies a decision to both. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AccessToken } from './access-token.js'
import type { Answer } from './answer.js'
import type { AuthInfo } from './auth-info.js'
import type { AuthorizedRequest } from './guarded-resource.js'
import { judgeNodeBody } from './operation-body.js'
import { nodeHeaders } from './request.js'
import type { ResourceServer } from './resource-server.js'

/** Properties of a guarded request, for its handler. */
export interface Admission {
  /** Read by servers on the MCP SDK. */
  auth: AuthInfo
  accessToken: AccessToken
  authorized: AuthorizedRequest
  /** The parsed JSON body, if the settings have rules for operations: the guard has read it, so pass it on. */
  body?: unknown
}

export type ProtectedRequest = IncomingMessage & Admission

/** Writes an answer. */
export function answerWith(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers }).end(body)
}

/**
 * `undefined` if the request may be served; then the request carries the `Admission`. Otherwise the response to send. `url`: the original
 * URL, if a router has changed it.
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
  // Assigned one by one: Object.assign would turn the request into a slow dictionary-mode object for all later handlers.
  const admitted: IncomingMessage & Partial<Admission> = request
  admitted.auth = serve.authInfo
  admitted.accessToken = serve.accessToken
  admitted.authorized = serve
  if (serve.needsBody) admitted.body = json
  return undefined
}
