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
  /** The public origin asked for, one of ours. Not `ctx.origin`, which is a header of the client. */
  origin: string
  /** Path under which this server is published, without a trailing slash; '' at the root. Paths inside the server lack it. */
  basePath: string
  /** One of many requests that programs make by themselves: its log line is for debugging. */
  isRoutine?: boolean
}

export type HttpContext = Koa.ParameterizedContext<HttpState>

export type HttpMiddleware = Koa.Middleware<HttpState>
