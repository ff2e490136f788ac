/** Counts every request of a server, from the same event as its log line. */
import type { HttpMiddleware, RequestEvent } from '../http/context.js'
import type { Count } from './metric-definitions.js'
import type { Metrics } from './metrics.js'
import { knownMethod, type RouteTemplates } from './route-templates.js'
import { startStopwatch } from './stopwatch.js'

/** A finished request. */
export interface FinishedRequest {
  readonly method: string
  /** A template, or `other`. */
  readonly route: string
  readonly status: number
  readonly event: RequestEvent
}

/** The counters that a finished request increments, besides its duration. Pure. */
export type CountRequest = (request: FinishedRequest) => readonly Count[]

export interface ObservedServer {
  /** `authorization` or `mcp`. */
  readonly server: string
  readonly routes: RouteTemplates
  readonly countRequest: CountRequest
  /** Long-polling routes, whose duration says nothing about performance. */
  readonly waitingRoutes?: readonly string[]
}

/**
 * Middleware that counts and times requests. Event streams and long-polling routes are not timed, because clients determine their duration.
 */
export function measureRequests(metrics: Metrics, observed: ObservedServer): HttpMiddleware {
  const { server, routes, countRequest, waitingRoutes = [] } = observed
  return async (ctx, next) => {
    const seconds = startStopwatch()
    try {
      await next()
    } finally {
      const { status } = ctx
      const method = knownMethod(ctx.method)
      const route = routes(ctx.path)
      if (ctx.respond !== false && !waitingRoutes.includes(route)) {
        const labels = { server, method, route, status: String(status) }
        metrics.observe('http_server_request_duration_seconds', labels, seconds())
      }
      if (status === 429) metrics.count('gatehouse_rate_limited_total', { server, route })
      for (const count of countRequest({ method, route, status, event: ctx.state.event })) metrics.add(count)
    }
  }
}
