/**
 * The HTTP base of both servers: error responses, health checks, graceful stop, and the order of the middleware in other files: the log
 * line (request-log.ts), the pinned origin (host-pinning.ts). Does not own routes, authentication or page rendering.
 */

import type { IncomingMessage, RequestListener } from 'node:http'
import type { AddressInfo, BlockList } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type Router from '@koa/router'
import Koa from 'koa'
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { isOutage, outageError } from '../database/outage.js'
import { OAuthError } from '../oauth/errors.js'
import { type ConnectionLimits, connectionLimits, createBoundedServer } from './bounded-server.js'
import { addressSet, contains, peerAddress } from './client-address.js'
import type { HttpContext, HttpMiddleware, HttpState } from './context.js'
import { listenFailure } from './free-address.js'
import { pinOrigin, pinScheme } from './host-pinning.js'
import { noteError } from './noted-error.js'
import type { Peers } from './peers.js'
import { createProbeResponder, probeHeaders } from './proxy-probe.js'
import { logRequests } from './request-log.js'

export interface HttpBaseOptions {
  readonly log: Logger
  readonly clock: Clock
  /** Public origin of this server, for example `https://auth.example.com`; Host and X-Forwarded-* never change it. */
  readonly origin: string
  /** Further public origins, such as former ones: a request for one of them has it as its public origin. */
  readonly alsoPublicOrigins?: readonly string[]
  /** See `HttpState.basePath`; default ''. */
  readonly basePath?: string
  /** Further accepted Host values, such as the service name inside a container network. */
  readonly alsoAnswerHosts?: readonly string[]
  readonly trustedProxies: readonly string[]
  /**
   * Known only to this process: a request that carries it in `forwarderHeader` is from the own forwarder and names the client's address.
   */
  readonly forwarderSecret?: string | undefined
  /** Secrets of the operator: a probe encrypted with one of them gets a report (`proxy-probe.ts`). */
  readonly operatorSecrets?: (() => readonly string[]) | undefined
  /** The readiness check: resolves if the database is migrated and answers, rejects otherwise. */
  readonly ready: () => Promise<void>
  /** Problems that the operator should fix although the server is ready; absent or empty: none. */
  readonly warnings?: (() => readonly string[]) | undefined
  /** Once aborted, the server is stopping and not ready, whatever `ready` says. */
  readonly stopping?: AbortSignal | undefined
  /** The server is not ready until they are. */
  readonly peers?: Peers | undefined
  /** Observes every request, in addition to its log line. */
  readonly observer?: HttpMiddleware | undefined
  /** Renders an error page; without it, or if the client prefers JSON, the error is JSON. */
  readonly renderErrorPage?: (ctx: HttpContext, error: OAuthError) => Promise<void>
}

/** A router as plain middleware. Its types require parameters that it provides itself. */
export function routesOf(router: Router<HttpState>): HttpMiddleware {
  return router.routes() as unknown as HttpMiddleware
}

/** A path of this server as browsers see it, for form actions, links and cookie paths. */
export function publicPath(ctx: HttpContext, path: string): string {
  return `${ctx.state.basePath}${path}`
}

/**
 * Redirects with 303: the next request is a GET, so a posted password is never sent on (RFC 9700 §4.12). A location that begins
 * with a slash is a path of this server.
 */
export function seeOther(ctx: HttpContext, location: string): void {
  ctx.status = 303
  ctx.redirect(location.startsWith('/') ? publicPath(ctx, location) : location)
}

/** True if the client closed the connection, or was disconnected, before its request was complete. */
export function isCutOff({ destroyed, complete }: IncomingMessage): boolean {
  return destroyed && !complete
}

function toOAuthError(error: unknown, request: IncomingMessage): OAuthError {
  if (error instanceof OAuthError) return error
  // A client error: strangers must not be able to fill the log with failures.
  if (isCutOff(request)) return new OAuthError('invalid_request', 'the request ended half-way', { cause: error })
  if (isOutage(error)) return outageError(error)
  // The engine throws its own error class here if none of its endpoints matches.
  if (error instanceof Error && error.cause instanceof OAuthError) return error.cause
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new OAuthError('invalid_request', 'the request is invalid', { status, cause: error })
  }
  return new OAuthError('server_error', 'the server met an unexpected condition', { cause: error })
}

/** When a client may retry after an outage (RFC 9110 §10.2.3). */
const retryAfterSeconds = '2'

function writeErrors(log: Logger, renderErrorPage: HttpBaseOptions['renderErrorPage']): HttpMiddleware {
  return async (ctx, next) => {
    try {
      await next()
    } catch (thrown) {
      const error = toOAuthError(thrown, ctx.req)
      const { requestId } = ctx.state.event
      noteError(ctx.state.event, { error: error.code, description: error.message, detail: error.detail })
      if (error.status >= 500) log.error({ requestId, err: thrown }, 'request failed')
      if (ctx.res.headersSent) return
      ctx.status = error.status
      ctx.set('cache-control', 'no-store')
      if (renderErrorPage !== undefined && ctx.accepts('json', 'html') === 'html') await renderErrorPage(ctx, error)
      else ctx.body = error.toJSON()
    }
    if (ctx.status === 503 && !ctx.res.hasHeader('retry-after')) ctx.set('retry-after', retryAfterSeconds)
    // The rest of a body that was refused in the middle would be read as the next request, or delay it.
    if (ctx.status >= 400 && !ctx.req.complete) ctx.set('connection', 'close')
  }
}

/**
 * Closes the connection of a request that is answered before it arrived completely. If the rest is malformed, Node would send a second
 * response, and a proxy could take that for the response to its next request on the connection.
 */
const closeUnread: HttpMiddleware = async (ctx, next) => {
  try {
    await next()
  } finally {
    if (!ctx.req.complete && !ctx.headerSent) ctx.set('connection', 'close')
  }
}

function health({ ready, stopping, peers, warnings = () => [] }: HttpBaseOptions): HttpMiddleware {
  const ownReady = async () => {
    stopping?.throwIfAborted()
    await ready()
  }
  peers?.answerReady(ownReady)
  return async (ctx, next) => {
    if (ctx.path !== '/health/live' && ctx.path !== '/health/ready') return next()
    ctx.set('cache-control', 'no-store')
    if (ctx.path === '/health/live') {
      ctx.body = { status: 'live' }
      ctx.state.isRoutine = true
      return
    }
    try {
      await Promise.all([ownReady(), peers?.ready()])
      const told = warnings()
      ctx.body = { status: 'ready', ...(told.length > 0 && { warnings: told }) }
      ctx.state.isRoutine = true
    } catch {
      ctx.status = 503
      ctx.body = { status: 'not ready' }
    }
  }
}

/** Before all middleware that changes the headers of a request or refuses it. */
function answerProbes({ operatorSecrets, clock }: HttpBaseOptions, trusted: BlockList | undefined): HttpMiddleware {
  const answer = createProbeResponder(operatorSecrets ?? (() => []), clock)
  return async ({ req, res, state }, next) => {
    if (req.headers[probeHeaders.probe] !== undefined) {
      const peer = peerAddress(req)
      const isPeerTrusted = trusted === undefined ? undefined : contains(trusted, peer)
      const received = answer(req, { peer, isPeerTrusted, address: state.clientAddress })
      if (received !== undefined) res.setHeader(probeHeaders.report, received)
    }
    return next()
  }
}

/** A Koa app with the shared middleware of both servers, in order. Callers add their own middleware after it. */
export function createHttpBase(options: HttpBaseOptions): Koa<HttpState> {
  const app = new Koa<HttpState>()
  app.silent = true
  const trusted = options.trustedProxies.length === 0 ? undefined : addressSet(options.trustedProxies)
  pinScheme(app)
  app.use(logRequests(options, trusted))
  app.use(answerProbes(options, trusted))
  if (options.observer !== undefined) app.use(options.observer)
  app.use(closeUnread)
  app.use(writeErrors(options.log, options.renderErrorPage))
  app.use(health(options))
  app.use(pinOrigin(options))
  return app
}

export interface ListeningServer {
  /** Host and port actually bound. */
  readonly address: AddressInfo
  /** Keeps serving for `milliseconds`, with each response the last of its connection, so that proxies notice the stop first. */
  drain(milliseconds: number): Promise<void>
  /** Stops accepting, waits up to `graceMs` for requests in progress, then aborts them. */
  close(graceMs?: number): Promise<void>
}

/** What can listen: a Koa app, or several behind one port. */
export interface HttpApp {
  callback(): RequestListener
}

/** Starts an app on a port (0 = any). Throws a one-line error for a taken or forbidden port. */
export async function listen(
  app: HttpApp,
  host: string,
  port: number,
  connections: Partial<ConnectionLimits> = {},
): Promise<ListeningServer> {
  const { server, finish, endIdle } = createBoundedServer(app.callback(), { ...connectionLimits, ...connections })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(host, port, error)))
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server is not bound to a port')
  return {
    address,
    drain: async (milliseconds) => {
      finish()
      await sleep(milliseconds)
    },
    close: async (graceMs = 8_000) => {
      finish()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      endIdle()
      const cut = setTimeout(() => server.closeAllConnections(), graceMs)
      await closed
      clearTimeout(cut)
    },
  }
}
