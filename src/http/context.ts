/** What the middleware of both servers is given with each request. */
import type Koa from 'koa'

/**
 * What a request's single log line will say. Handlers add to it, and nobody logs on the side. Metrics and traces read it as well, but no
 * answer depends on it.
 */
export interface RequestEvent {
  readonly requestId: string
  /** Of the trace that the request belongs to (W3C Trace Context). */
  traceId?: string
  clientId?: string | undefined
  /** The account, hashed. */
  subjectHash?: string
  /** Of a token request: a known grant type, or `other`. */
  grantType?: string
  /** How it ended, in a word of whatever handled it. */
  outcome?: string | undefined
  /** The error code that it was answered with. */
  error?: string | undefined
  /** What the client does not get to see: which check failed. */
  errorDetail?: string | undefined
  /** The entry of the manual that explains the error: an anchor of docs/reference/errors.md. */
  problem?: string | undefined
  /** The rate limit that was exceeded. */
  limit?: string
  /** How many entries of the revocation feed were answered. */
  revocations?: number
  /** `allow` or `deny`: whether the resource server let the caller in, and why. */
  decision?: string
  reason?: string | undefined
  /** Scopes of the caller's token. */
  scopes?: string
  /** What an MCP request asks for: methods, tools, prompts and resources, with spaces between the names. */
  rpc?: string
  tool?: string
  prompt?: string
  resource?: string
}

export interface HttpState extends Koa.DefaultState {
  event: RequestEvent
  clientAddress: string
  /** The pinned public origin (host-pinning.ts). Not `ctx.origin`, which the client's headers decide. */
  origin: string
  /** Path under which this server is published, without a trailing slash; '' at the root. Paths inside the server lack it. */
  basePath: string
  /** The languages that the authorization request asks for (`ui_locales`), when the request is a step of one. */
  uiLocales?: string | undefined
  /** The language that the signed-in person chose for the pages. Never that of an account that somebody merely names. */
  accountLanguage?: string | undefined
  /** A routine request such as a health check: its log line has level debug. */
  isRoutine?: boolean
}

export type HttpContext = Koa.ParameterizedContext<HttpState>

export type HttpMiddleware = Koa.Middleware<HttpState>
