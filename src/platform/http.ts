/**
 * The HTTP base both servers stand on: request id, one log line per request, one writer of errors, pinned origin, client
 * address behind trusted proxies, health, graceful stop. Does not own routes, authentication or page rendering.
 */
import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import { type AddressInfo, BlockList, isIP } from 'node:net'
import type Router from '@koa/router'
import Koa from 'koa'
import { OAuthError } from '../oauth/errors.js'
import type { Clock } from './clock.js'
import type { Logger } from './log.js'
import { isOutage, outageError } from './outage.js'

/** What a request's single log line will say; handlers add to it, nobody logs on the side. */
export interface RequestEvent {
  readonly requestId: string
  [detail: string]: unknown
}

export interface HttpState extends Koa.DefaultState {
  event: RequestEvent
  clientAddress: string
}

export type HttpContext = Koa.ParameterizedContext<HttpState>
export type HttpMiddleware = Koa.Middleware<HttpState>

export interface HttpBaseOptions {
  readonly log: Logger
  readonly clock: Clock
  /** Public origin of this server, for example `https://auth.example.com`; Host and X-Forwarded-* never change it. */
  readonly origin: string
  /** Further Host values that are answered, for example the service name inside a container network. */
  readonly alsoAnswerHosts?: readonly string[]
  readonly trustedProxies: readonly string[]
  /** Answers the readiness probe: resolves when migrated and the database answers, throws otherwise. */
  readonly ready: () => Promise<void>
  /** Writes an error for a person; without it, or when the client prefers JSON, the error is JSON. */
  readonly renderErrorPage?: (ctx: HttpContext, error: OAuthError) => Promise<void>
}

/** A router as plain middleware. Its types ask for parameters that it brings along itself. */
export function routesOf(router: Router<HttpState>): HttpMiddleware {
  return router.routes() as unknown as HttpMiddleware
}

/** Redirects with 303: the next request is a GET, so a posted password is never sent on (RFC 9700 §4.12). */
export function seeOther(ctx: HttpContext, location: string): void {
  ctx.status = 303
  ctx.redirect(location)
}

/** Addresses and CIDR ranges as a set that can be asked. Throws on an entry that is neither. */
export function addressSet(entries: readonly string[]): BlockList {
  const set = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address)
    if (family === 0) throw new Error(`${entry} is neither an address nor a CIDR range`)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) set.addAddress(address, type)
    else set.addSubnet(address, Number(bits), type)
  }
  return set
}

function unmapped(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

function contains(set: BlockList | undefined, address: string): boolean {
  if (set === undefined) return false
  const family = isIP(address)
  return family !== 0 && set.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** The address the request came from: the socket's, or the nearest untrusted X-Forwarded-For entry behind trusted proxies. */
function clientAddress(ctx: Koa.Context, trusted: BlockList | undefined): string {
  let address = unmapped(ctx.req.socket.remoteAddress ?? '')
  if (!contains(trusted, address)) return address
  const hops = ctx
    .get('x-forwarded-for')
    .split(',')
    .map((hop) => unmapped(hop.trim()))
  while (contains(trusted, address)) {
    const next = hops.pop()
    if (next === undefined || isIP(next) === 0) break
    address = next
  }
  return address
}

/** True when the client went away, or was cut off, before its request was whole. */
function isCutOff({ destroyed, complete }: IncomingMessage): boolean {
  return destroyed && !complete
}

function toOAuthError(error: unknown, request: IncomingMessage): OAuthError {
  if (error instanceof OAuthError) return error
  // No fault of ours: strangers must not be able to fill the log with failures.
  if (isCutOff(request)) return new OAuthError('invalid_request', 'the request ended half-way', { cause: error })
  if (isOutage(error)) return outageError(error)
  // The engine's word for one of ours, thrown to us where no endpoint of the engine answers.
  if (error instanceof Error && error.cause instanceof OAuthError) return error.cause
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new OAuthError('invalid_request', 'the request is invalid', { status, cause: error })
  }
  return new OAuthError('server_error', 'the server met an unexpected condition', { cause: error })
}

/**
 * An absolute request target replaces Host (RFC 9112 §3.2.2). Koa would take over its whole origin, so the request goes on
 * with the path alone.
 */
function takeHost(ctx: HttpContext): string {
  const target = ctx.req.url ?? '/'
  if (target.startsWith('/') || !URL.canParse(target)) return ctx.req.headers.host ?? ''
  const { host, pathname, search } = new URL(target)
  ctx.req.url = `${pathname}${search}`
  ctx.request.originalUrl = ctx.req.url
  return host
}

/** RFC 9112 §3.2: two Host headers are an attempt to make two servers read two hosts. Node keeps the first. */
function refuseSecondHost({ rawHeaders }: IncomingMessage): void {
  const isHost = (entry: string, index: number) => index % 2 === 0 && entry.toLowerCase() === 'host'
  if (rawHeaders.filter(isHost).length > 1)
    throw new OAuthError('invalid_request', 'there is more than one Host header')
}

/** Pins what Koa and the engine believe about scheme and host to the public origin. Unknown hosts get 421 (RFC 9110 §15.5.20). */
function pinOrigin(origin: string, alsoAnswer: readonly string[]): HttpMiddleware {
  const { host, protocol } = new URL(origin)
  const answered = new Set([host, ...alsoAnswer].map((name) => name.toLowerCase()))
  const scheme = protocol.slice(0, -1)
  return async (ctx, next) => {
    refuseSecondHost(ctx.req)
    if (!answered.has(takeHost(ctx).toLowerCase())) {
      throw new OAuthError('invalid_request', 'this server does not answer for that host', {
        status: 421,
        detail: 'the host asked for is neither the public one nor an internal one',
      })
    }
    ctx.req.headers.host = host
    Object.defineProperty(ctx.request, 'protocol', { value: scheme })
    Object.defineProperty(ctx.request, 'secure', { value: scheme === 'https' })
    await next()
  }
}

/** How soon a client may ask again after an outage (RFC 9110 §10.2.3). */
const retryAfterSeconds = '2'

function writeErrors(log: Logger, renderErrorPage: HttpBaseOptions['renderErrorPage']): HttpMiddleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      const error = toOAuthError(thrown, ctx.req)
      const { requestId } = ctx.state.event
      ctx.state.event['error'] = error.code
      if (error.detail !== undefined) ctx.state.event['errorDetail'] = error.detail
      if (error.status >= 500) log.error({ requestId, err: thrown }, 'request failed')
      if (ctx.res.headersSent) return
      ctx.status = error.status
      ctx.set('cache-control', 'no-store')
      if (renderErrorPage !== undefined && ctx.accepts('json', 'html') === 'html') await renderErrorPage(ctx, error)
      else ctx.body = error.toJSON()
    }
    if (ctx.status === 503 && !ctx.res.hasHeader('retry-after')) ctx.set('retry-after', retryAfterSeconds)
    // What is left of a body that was refused half-way would be taken for the next request, or make it wait.
    if (ctx.status >= 400 && !ctx.req.complete) ctx.set('connection', 'close')
  }
}

function logRequests(log: Logger, clock: Clock, trusted: BlockList | undefined): HttpMiddleware {
  return async (ctx, next) => {
    const startedAt = clock.now().getTime()
    ctx.state.event = { requestId: randomUUID() }
    ctx.state.clientAddress = clientAddress(ctx, trusted)
    ctx.set('x-request-id', ctx.state.event.requestId)
    try {
      await next()
    } finally {
      log.info(
        {
          ...ctx.state.event,
          method: ctx.method,
          // The path only: a query may hold a code or a state.
          path: loggedPath(ctx.path),
          status: ctx.status,
          address: ctx.state.clientAddress,
          durationMs: clock.now().getTime() - startedAt,
        },
        'request',
      )
    }
  }
}

/** The path only, because a query may hold a code; and without the id of a sign-in in progress, which is a cookie's value too. */
function loggedPath(path: string): string {
  return path.replace(/^\/(interaction|authorize|device(?!\/authorize$))\/[^/]+/, '/$1/:uid')
}

function health(ready: () => Promise<void>): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== '/health/live' && ctx.path !== '/health/ready') return next()
    ctx.set('cache-control', 'no-store')
    if (ctx.path === '/health/live') {
      ctx.body = { status: 'live' }
      return
    }
    try {
      await ready()
      ctx.body = { status: 'ready' }
    } catch {
      ctx.status = 503
      ctx.body = { status: 'not ready' }
    }
  }
}

/** A Koa app with everything both servers share, in order. Callers add their own middleware after it. */
export function createHttpBase(options: HttpBaseOptions): Koa<HttpState> {
  const app = new Koa<HttpState>()
  app.silent = true
  const trusted = options.trustedProxies.length === 0 ? undefined : addressSet(options.trustedProxies)
  app.use(logRequests(options.log, options.clock, trusted))
  app.use(writeErrors(options.log, options.renderErrorPage))
  app.use(health(options.ready))
  app.use(pinOrigin(options.origin, options.alsoAnswerHosts ?? []))
  return app
}

export interface ListeningServer {
  /** Host and port actually bound. */
  readonly address: AddressInfo
  /** Stops accepting, lets requests in flight end for up to `graceMs`, then cuts them. */
  close(graceMs?: number): Promise<void>
}

/** Of slow requests. The interval is how late a limit may be noticed; 30 s by default. */
const timeouts = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 }

/** Starts an app on a port (0 = any). A taken or forbidden port is an Error with one clear line. */
export async function listen(app: Koa<HttpState>, host: string, port: number): Promise<ListeningServer> {
  const server: Server = createServer(timeouts, app.callback())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reasons: Record<string, string> = { EADDRINUSE: 'the port is taken', EACCES: 'the port needs more rights' }
      const reason = reasons[error.code ?? ''] ?? error.message
      reject(new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server is not bound to a port')
  return {
    address,
    close: async (graceMs = 8_000) => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      const cut = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(cut)
    },
  }
}
