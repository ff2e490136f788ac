/**
 * The MCP endpoint behind the guard: reads the body, lets the guard check the scopes of its operations, and passes request and response
 * between Koa and the SDK.
 */

import { type Clock, epochSeconds } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import type { HttpContext, HttpState, RequestEvent } from '../http/context.js'
import { noteError } from '../http/noted-error.js'
import { OAuthError } from '../oauth/errors.js'
import type { AccessToken, TokenVerifier } from '../resource-server/access-token.js'
import { answerOf, parseErrorAnswer } from '../resource-server/answer.js'
import type { AuditEvent } from '../resource-server/audit.js'
import type { AuthInfo } from '../resource-server/auth-info.js'
import type { Refusal } from '../resource-server/bearer.js'
import type { CallGuard, Verdict } from '../resource-server/call-guard.js'
import { readJsonBody } from '../resource-server/json-body.js'
import { answerWith } from '../resource-server/koa.js'
import { type RightToRead, sendEventStream } from './event-stream.js'
import { type AcceptedForms, acceptedForms, inAcceptedForm, sdkHeaders } from './negotiation.js'
import { createOpenSubscriptions } from './open-subscriptions.js'
import type { McpProtocol } from './protocol.js'
import type { McpCall } from './server-definition.js'
import { createTokenWatch } from './token-watch.js'

export interface EndpointOptions {
  /** Canonical URL of the endpoint. */
  readonly url: string
  readonly guard: CallGuard
  /** Called again while the response is an open stream. */
  readonly verify: TokenVerifier
  readonly protocol: McpProtocol
  readonly clock: Clock
  readonly log: Logger
}

/** Adds the decision and its operations to the request's log line. */
function noteVerdict({ event }: HttpState, { event: { decision, reason, ...asked } }: Verdict): void {
  const { methods = [], tools = [], prompts = [], resources = [] } = asked
  Object.assign(event, { decision, reason } satisfies Partial<RequestEvent>)
  if (methods.length > 0) event.rpc = methods.join(' ')
  if (tools.length > 0) event.tool = tools.join(' ')
  if (prompts.length > 0) event.prompt = prompts.join(' ')
  if (resources.length > 0) event.resource = resources.join(' ')
}

function toWebRequest(ctx: HttpContext, url: string, forms: AcceptedForms | undefined): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(ctx.req.headers)) {
    // The token is not passed to the SDK.
    if (value !== undefined && name !== 'authorization')
      headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  if (forms !== undefined) for (const [name, value] of Object.entries(sdkHeaders)) headers.set(name, value)
  const abort = new AbortController()
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) abort.abort()
  })
  // The body is not passed: the SDK gets it parsed.
  return new Request(url, { method: ctx.method, headers, signal: abort.signal })
}

/** Copies the SDK's response; resolves when a stream has been sent, or when any other response is ready to send. */
async function answer(ctx: HttpContext, response: Response, right: RightToRead): Promise<void> {
  ctx.status = response.status
  for (const [name, value] of response.headers) {
    // `Connection` concerns Node and the client only (RFC 9110 §7.6.1): a client that sent `close` waits for it.
    if (name !== 'connection') ctx.set(name, value)
  }
  ctx.set('cache-control', 'no-store')
  if (response.body !== null && ctx.response.is('text/event-stream')) {
    // Proxies that buffer responses would delay events.
    ctx.set('x-accel-buffering', 'no')
    ctx.respond = false
    return sendEventStream(response.body, ctx.res, right)
  }
  const text = await response.text()
  ctx.body = text
  // Koa sets a type for text that has none, but an empty 202 must have none.
  if (text === '') ctx.remove('content-type')
}

function isJson(ctx: HttpContext): boolean {
  return ctx.method === 'POST' && ctx.is('application/json') !== false && ctx.is('application/json') !== null
}

function callOf(ctx: HttpContext, accessToken: AccessToken, { log }: EndpointOptions): McpCall {
  const { event } = ctx.state
  return {
    accessToken,
    report: (outcome, cause) => {
      event.outcome = outcome
      if (cause !== undefined) log.error({ requestId: event.requestId, err: cause }, 'tool failed')
    },
  }
}

function refuse(ctx: HttpContext, refusal: Refusal): void {
  const { event } = ctx.state
  const { error } = refusal
  if (error !== undefined) noteError(event, { error: error.code, description: error.message, detail: error.detail })
  event.outcome = 'refused'
  answerWith(ctx, answerOf(refusal))
}

/** Subscriptions are only available as event streams. */
function notAcceptable(): OAuthError {
  return new OAuthError('invalid_request', 'this answer is a text/event-stream only', { status: 406 })
}

function staysOpen({ methods = [] }: AuditEvent): boolean {
  return methods.includes('subscriptions/listen')
}

function subscribes({ methods = [] }: AuditEvent): boolean {
  return methods.some((method) => method === 'subscriptions/listen' || method === 'resources/subscribe')
}

/** The result of the guard: the token, and the metadata URL for a challenge. */
export type GuardedRequest = Pick<AuthInfo, 'token' | 'resourceMetadataUrl'>

/** Serves one request on behalf of a verified token. Does not verify it: call only after the bearer guard. */
export function createEndpoint(
  options: EndpointOptions,
): (ctx: HttpContext, accessToken: AccessToken, request: GuardedRequest) => Promise<void> {
  const { url, guard, protocol, verify, clock } = options
  const tokens = createTokenWatch(verify)
  const subscriptions = createOpenSubscriptions()
  return async (ctx, accessToken, { token, resourceMetadataUrl }) => {
    // A web request cannot have this method (Fetch standard, "forbidden method"); the SDK handles every other one.
    if (ctx.method === 'TRACE') {
      ctx.set('allow', 'POST')
      throw new OAuthError('invalid_request', 'this method is not allowed here', { status: 405 })
    }
    const body = isJson(ctx) ? await readJsonBody(ctx.req, ctx.get('content-length')) : { json: undefined }
    if ('malformed' in body) return answerWith(ctx, parseErrorAnswer(body.malformed))
    const verdict = await guard.decide(accessToken, body.json, resourceMetadataUrl)
    noteVerdict(ctx.state, verdict)
    if ('refusal' in verdict) return refuse(ctx, verdict.refusal)
    // The response to a GET is a stream or nothing, and the SDK decides which clients may have one.
    const forms = ctx.method === 'POST' ? acceptedForms(ctx) : undefined
    if (forms?.eventStream === false && staysOpen(verdict.event)) throw notAcceptable()
    const request = toWebRequest(ctx, url, forms)
    // For a subscription by URI, the SDK sends changes even if the resource is not registered.
    if (verdict.outcome === 'hide' && subscribes(verdict.event)) return answerWith(ctx, answerOf(verdict.answer))
    // Other hidden operations go to the SDK, which answers them as unknown: they are not on its server instance.
    const hidden = verdict.outcome === 'hide' ? verdict.operations : []
    const subscription = staysOpen(verdict.event) ? subscriptions.begin(accessToken) : undefined
    if (subscription !== undefined && 'refusal' in subscription) return refuse(ctx, subscription.refusal)
    try {
      const served = await protocol.serve(request, body.json, callOf(ctx, accessToken, options), hidden)
      const response = forms === undefined ? served : await inAcceptedForm(served, forms, Array.isArray(body.json))
      const secondsLeft = accessToken.expiresAt - epochSeconds(clock)
      await answer(ctx, response, { secondsLeft, watch: (end) => tokens.watch(token, end) })
    } finally {
      subscription?.end()
    }
  }
}
