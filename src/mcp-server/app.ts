/**
 * The MCP server: a protected resource (RFC 9728) that serves what it is given over Streamable HTTP. Owns its middleware order and
 * its connect page. Does not own issuing tokens, accounts or consent, and never sees the authorization server's data: what it
 * knows of a caller stands in the access token.
 */
import type Koa from 'koa'
import { OAuthError } from '../oauth/errors.js'
import { protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { Clock } from '../platform/clock.js'
import { createHttpBase, type HttpMiddleware, type HttpState } from '../platform/http.js'
import type { Logger } from '../platform/log.js'
import type { Pages } from '../platform/pages.js'
import { hashSecret } from '../platform/secrets.js'
import {
  type AccessToken,
  type DpopOptions,
  protectedResourceMetadata,
  publishDocument,
  type Refusal,
  type TokenVerifier,
  userOf,
} from '../resource-server/index.js'
import { answerDocument, bearerGuard } from '../resource-server/koa.js'
import { createEndpoint } from './endpoint.js'
import { allowAllOrigins, checkOrigin } from './origins.js'
import { createMcpProtocol } from './protocol.js'
import type { ServerDefinition } from './server-definition.js'
import { connectContext, type Views } from './views.js'

export interface McpAppOptions {
  /** What it stands on, a database for example, is closed by the caller, after `close`. */
  readonly definition: ServerDefinition
  readonly issuer: string
  readonly verify: TokenVerifier
  readonly pages: Pages<Views>
  /** Of this software, told to clients. */
  readonly version: string
  readonly log: Logger
  readonly clock: Clock
  readonly trustedProxies: readonly string[]
  /** Further Host values that are answered, for example the service name inside a container network. */
  readonly alsoAnswerHosts?: readonly string[]
  /** Origins of web pages that may call the MCP endpoint, besides its own and loopback ones. */
  readonly allowedOrigins?: readonly string[]
  /** How key-bound tokens are taken; absent: they are refused. */
  readonly dpop?: DpopOptions
}

export interface McpApp {
  readonly app: Koa<HttpState>
  /** Ends open exchanges. Does not close what the definition stands on. */
  close(): Promise<void>
}

/** RFC 9728 §3.1 at the path-inserted URL, and a copy at the root for clients that look there first. */
function serveMetadata({ definition: { resource }, issuer, dpop }: McpAppOptions): HttpMiddleware {
  const document = publishDocument(protectedResourceMetadata(resource, issuer, dpop))
  const { pathname } = new URL(protectedResourceMetadataUrl(resource.resource))
  const paths = new Set([pathname, `${pathname}/`, '/.well-known/oauth-protected-resource'])
  return async (ctx, next) => {
    if (!paths.has(ctx.path) || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    answerDocument(ctx, document)
  }
}

/** For people who open the server's address in a browser. */
function leadHome(resourcePath: string): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== '/' || ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html') return next()
    ctx.redirect(resourcePath)
  }
}

/** GET by a browser shows how to connect; GET by a client (it accepts an event stream) goes on to the guard. */
function showConnectPage({ definition: { resource }, pages }: McpAppOptions): HttpMiddleware {
  const context = connectContext(resource, protectedResourceMetadataUrl(resource.resource))
  return async (ctx, next) => {
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (!isRead || ctx.accepts('text/event-stream', 'json', 'html') !== 'html') return next()
    pages.send(ctx, 'connect', context)
  }
}

/** Everything that is not the MCP endpoint ends here; unserved well-known URLs must be 404, which clients take for "go on". */
function onlyAt(path: string): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path === path || ctx.path === `${path}/`) return next()
    throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
  }
}

/** Who called, for the log line: the user only as a short hash, the token not at all. */
function noteCaller({ event }: HttpState, accessToken: AccessToken): void {
  const user = userOf(accessToken)
  event['clientId'] = accessToken.clientId
  event['scopes'] = accessToken.scopes.join(' ')
  if (user !== undefined) event['subjectHash'] = hashSecret(user).slice(0, 12)
}

function noteRefusal({ event }: HttpState, { error }: Refusal): void {
  event['error'] = error?.code ?? 'no_token'
  if (error?.detail !== undefined) event['errorDetail'] = error.detail
}

/** Builds the app. It listens to nothing yet, and contacts the issuer only when the first token arrives. */
export function createMcpApp(options: McpAppOptions): McpApp {
  const { definition, verify, log, clock } = options
  const { resource } = definition
  const { origin, pathname } = new URL(resource.resource)
  const protocol = createMcpProtocol(definition, options.version, (error) => log.debug({ err: error }, 'mcp'))
  const endpoint = createEndpoint({ resource, protocol, clock, log })
  const guard = bearerGuard<HttpState>(
    {
      verify,
      resourceMetadataUrl: protectedResourceMetadataUrl(resource.resource),
      challengeScopes: resource.challengeScopes,
      dpop: options.dpop,
    },
    (state, refusal) => noteRefusal(state, refusal),
  )
  const app = createHttpBase({ ...options, origin, ready: definition.ready })
  const open: readonly HttpMiddleware[] = [
    allowAllOrigins(),
    serveMetadata(options),
    options.pages.serveAssets,
    leadHome(pathname),
    onlyAt(pathname),
    checkOrigin(origin, options.allowedOrigins ?? []),
    showConnectPage(options),
  ]
  for (const middleware of open) app.use(middleware)
  app.use(guard).use(async (ctx) => {
    noteCaller(ctx.state, ctx.state.accessToken)
    await endpoint(ctx, ctx.state.accessToken)
  })
  return { app, close: () => protocol.close() }
}
