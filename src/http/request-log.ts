/**
 * One log line per request: id, client, person as a hash, outcome, duration, and what handlers added to its event. Never a token, code,
 * secret, cookie or query. Each handler decides what to add.
 */
import { randomUUID } from 'node:crypto'
import type { BlockList } from 'node:net'
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { clientAddress, takeForwarderProof } from './client-address.js'
import type { HttpMiddleware, RequestEvent } from './context.js'

/** A stranger may send request lines of 16 KiB at any rate; a log line keeps this much of such text. */
const longestPath = 200
const longestText = 1_000
const longestList = 50

function cut(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}… (${text.length} characters)`
}

/** Limits the length of an event's fields: names of tools, client ids and details of errors may repeat a stranger's text. */
function bounded(value: unknown): unknown {
  if (typeof value === 'string') return cut(value, longestText)
  return Array.isArray(value) ? value.slice(0, longestList).map(bounded) : value
}

export interface RequestLogOptions {
  readonly log: Logger
  readonly clock: Clock
  /** See `HttpState.basePath`. */
  readonly basePath?: string
  readonly forwarderSecret?: string | undefined
}

export interface LoggedRequest {
  readonly event: RequestEvent
  readonly method: string
  readonly path: string
  readonly status: number
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  readonly isRoutine?: boolean | undefined
}

/** Writes the log line of a finished request. */
export function logRequest({ log, clock }: Pick<RequestLogOptions, 'log' | 'clock'>, request: LoggedRequest): void {
  const { event, method, path, status, address, startedAt, isRoutine } = request
  const durationMs = clock.now().getTime() - startedAt
  // The path only: a query may hold a code or a state.
  const line: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(event)) line[name] = bounded(value)
  Object.assign(line, { method, path: loggedPath(path), status, address, durationMs })
  log[isRoutine === true ? 'debug' : 'info'](line, 'request')
}

/** The outermost middleware: gives the request its id and writes its log line, whatever later middleware does. */
export function logRequests(options: RequestLogOptions, trusted: BlockList | undefined): HttpMiddleware {
  const { log, clock, basePath = '', forwarderSecret } = options
  return async (ctx, next) => {
    const startedAt = clock.now().getTime()
    ctx.state.event = { requestId: randomUUID() }
    ctx.state.basePath = basePath
    ctx.state.clientAddress = clientAddress(ctx.req, trusted, takeForwarderProof(ctx.req, forwarderSecret))
    ctx.set('x-request-id', ctx.state.event.requestId)
    try {
      await next()
    } finally {
      const { event, clientAddress: address, isRoutine } = ctx.state
      const { method, path, status } = ctx
      logRequest({ log, clock }, { event, method, path, status, address, startedAt, isRoutine })
    }
  }
}

/**
 * The path only, because a query may hold a code. The id of a sign-in in progress is removed, because it is also the value of a cookie, and
 * so is the token of a link: in any letter case, and below the issuer's path, which a request that was refused early still has.
 */
export function loggedPath(path: string): string {
  const plain = path
    .replace(/\/(interaction|authorize|device(?!\/authorize$))\/[^/]+/i, '/$1/:uid')
    .replace(/\/(reset|verify|invite)\/[^/]+/i, '/$1/:token')
  return cut(plain, longestPath)
}
