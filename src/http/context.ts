/** What the middleware of both servers is given with each request. */
import type Koa from 'koa'

/** What a request's single log line will say; handlers add to it, nobody logs on the side. */
export interface RequestEvent {
  readonly requestId: string
  [detail: string]: unknown
}

export interface HttpState extends Koa.DefaultState {
  event: RequestEvent
  clientAddress: string
  /** The pinned public origin (host-pinning.ts). Not `ctx.origin`, which the client's headers decide. */
  origin: string
  /** Path under which this server is published, without a trailing slash; '' at the root. Paths inside the server lack it. */
  basePath: string
  /** A routine request such as a health check: its log line has level debug. */
  isRoutine?: boolean
}

export type HttpContext = Koa.ParameterizedContext<HttpState>

export type HttpMiddleware = Koa.Middleware<HttpState>
