/**
 * The MCP endpoint behind the guard: reads the body, has the scopes of what it asks for checked, and carries request and response
 * between Koa and the SDK.
 */
import { type Clock, epochSeconds } from '../platform/clock.js'
import type { HttpContext } from '../platform/http.js'
import type { Logger } from '../platform/log.js'
import {
  type AccessToken,
  type Operation,
  type Operations,
  operationsOf,
  type Refusal,
} from '../resource-server/index.js'
import { answerRefusal } from '../resource-server/koa.js'
import { sendEventStream } from './event-stream.js'
import type { McpProtocol } from './protocol.js'
import { type RequestBody, readRequestBody } from './request-body.js'
import type { McpCall } from './server-definition.js'

export interface EndpointOptions {
  /** Canonical URL of the endpoint. */
  readonly url: string
  readonly operations: Operations
  readonly protocol: McpProtocol
  readonly clock: Clock
  readonly log: Logger
}

/** For the log: names that are not ours are the client's words, which may be anything. */
function describeTools(asked: readonly Operation[], operations: Operations): string {
  const tools = asked.filter(({ kind }) => kind === 'tool')
  return [...new Set(tools.map((tool) => (operations.declares(tool) ? tool.name : 'unknown')))].join(' ')
}

/** JSON-RPC 2.0 §5.1; clients tell protocol eras apart by such bodies, so it is not an OAuth error. */
function answerParseError(ctx: HttpContext, message: string): void {
  ctx.status = 400
  ctx.body = { jsonrpc: '2.0', error: { code: -32700, message: `Parse error: ${message}` }, id: null }
}

function toWebRequest(ctx: HttpContext, url: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(ctx.req.headers)) {
    // The token stops here.
    if (value !== undefined && name !== 'authorization')
      headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const abort = new AbortController()
  ctx.res.once('close', () => {
    if (!ctx.res.writableFinished) abort.abort()
  })
  // The body is not passed on: the SDK gets it parsed.
  return new Request(url, { method: ctx.method, headers, signal: abort.signal })
}

/** Copies the SDK's answer; resolves when it is sent or, if it is no stream, ready to be sent. */
async function answer(ctx: HttpContext, response: Response, secondsLeft: number): Promise<void> {
  ctx.status = response.status
  for (const [name, value] of response.headers) ctx.set(name, value)
  ctx.set('cache-control', 'no-store')
  if (response.body !== null && ctx.response.is('text/event-stream')) {
    // Proxies that collect answers would hold back events.
    ctx.set('x-accel-buffering', 'no')
    ctx.respond = false
    return sendEventStream(response.body, ctx.res, secondsLeft)
  }
  const text = await response.text()
  ctx.body = text
  // Koa gives text a type of its own when there is none; an empty 202 has none.
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
      event['outcome'] = outcome
      if (cause !== undefined) log.error({ requestId: event.requestId, err: cause }, 'tool failed')
    },
  }
}

function refuse(ctx: HttpContext, refusal: Refusal): void {
  ctx.state.event['error'] = refusal.error?.code
  ctx.state.event['errorDetail'] = refusal.error?.detail
  ctx.state.event['outcome'] = 'refused'
  answerRefusal(ctx, refusal)
}

/**
 * Serves one request on behalf of a verified token. Does not verify it: without the bearer guard nobody may get here.
 * `resourceMetadataUrl` is for the challenge when the token lacks a scope: the one of the address the client used.
 */
export function createEndpoint(
  options: EndpointOptions,
): (ctx: HttpContext, accessToken: AccessToken, resourceMetadataUrl: string) => Promise<void> {
  const { url, operations, protocol } = options
  return async (ctx, accessToken, resourceMetadataUrl) => {
    const body: RequestBody = isJson(ctx) ? await readRequestBody(ctx.req) : { json: undefined }
    if ('malformed' in body) return answerParseError(ctx, body.malformed)
    const tools = describeTools(operationsOf(body.json), operations)
    if (tools !== '') ctx.state.event['tool'] = tools
    const judgement = operations.judge(accessToken, body.json, resourceMetadataUrl)
    if (judgement.outcome === 'challenge') return refuse(ctx, judgement.refusal)
    const request = toWebRequest(ctx, url)
    // What is hidden goes on to the SDK, which answers it like anything unknown: the server it asks does not have it.
    const hidden = judgement.outcome === 'hide' ? judgement.operations : []
    const response = await protocol.serve(request, body.json, callOf(ctx, accessToken, options), hidden)
    await answer(ctx, response, accessToken.expiresAt - epochSeconds(options.clock))
  }
}
