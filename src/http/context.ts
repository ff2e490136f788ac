/** The request context of the middleware of both servers. */
import type Koa from 'koa'

/**
 * The fields of a request's single log line. Handlers add to it and write no log lines of their own. Metrics and traces read it as well,
 * but no response depends on it.
 */
export interface RequestEvent {
  readonly requestId: string
  /** Id of the trace that the request belongs to (W3C Trace Context). */
  traceId?: string
  clientId?: string | undefined
  /** The account, hashed. */
  subjectHash?: string
  /** For a token request: a known grant type, or `other`. */
  grantType?: string
  /** How the request ended, as a word chosen by its handler. */
  outcome?: string | undefined
  /** The error code of the response. */
  error?: string | undefined
  /** The check that failed, which the client does not see. */
  errorDetail?: string | undefined
  /** The entry of the manual that explains the error: an anchor of docs/reference/errors.md. */
  problem?: string | undefined
  /** The rate limit that was exceeded. */
  limit?: string
  /** Number of entries in a response of the revocation feed. */
  revocations?: number
  /** `allow` or `deny`: whether the resource server let the caller in, and why. */
  decision?: string
  reason?: string | undefined
  /** Scopes of the caller's token. */
  scopes?: string
  /** The operations of an MCP request: methods, tools, prompts and resources, separated by spaces. */
  rpc?: string
  tool?: string
  prompt?: string
  resource?: string
}

export interface HttpState extends Koa.DefaultState {
  event: RequestEvent
  clientAddress: string
  /** The pinned public origin (host-pinning.ts). Not `ctx.origin`, which the client's headers control. */
  origin: string
  /** Path under which this server is published, without a trailing slash; '' at the root. Paths inside the server do not include it. */
  basePath: string
  /** The languages that the authorization request names (`ui_locales`), if the request is a step of one. */
  uiLocales?: string | undefined
  /** The language that the signed-in person chose for the pages. Never that of an account that somebody only names. */
  accountLanguage?: string | undefined
  /** A routine request such as a health check: its log line has level debug. */
  isRoutine?: boolean
}

export type HttpContext = Koa.ParameterizedContext<HttpState>

export type HttpMiddleware = Koa.Middleware<HttpState>
