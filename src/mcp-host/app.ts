/**
 * The MCP server: a protected resource (RFC 9728) that serves a server definition over Streamable HTTP. Owns the order of its middleware
 * and its connect page. Does not issue tokens or own accounts and consent, and never sees the authorization server's data: everything it
 * knows about a caller is in the access token.
 */
import type Koa from 'koa'
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { type ConnectViews, connectContext } from '../connect-page/connect-page.js'
import type { HttpMiddleware, HttpState, RequestEvent } from '../http/context.js'
import type { RequestTarget } from '../http/host-pinning.js'
import { createHttpBase } from '../http/http.js'
import { noteError } from '../http/noted-error.js'
import type { Peers } from '../http/peers.js'
import { OAuthError } from '../oauth/errors.js'
import { hostsOf } from '../oauth/public-url.js'
import { readOnlyDeclaration, scopeHierarchyOf } from '../oauth/resource.js'
import { pathOf, protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { Pages } from '../pages/pages.js'
import type { AccessToken, TokenVerifier } from '../resource-server/access-token.js'
import type { Addresses } from '../resource-server/addresses.js'
import type { Answer } from '../resource-server/answer.js'
import { auditedCaller } from '../resource-server/audit.js'
import { createCallGuard } from '../resource-server/call-guard.js'
import type { DpopOptions } from '../resource-server/dpop.js'
import { protect, publishMetadata } from '../resource-server/koa.js'
import { createOperations, operationRulesOf } from '../resource-server/operations.js'
import { createRateLimiter, type RateLimiterOptions } from '../resource-server/rate-limit.js'
import { createResourceServer, type ResourceServer } from '../resource-server/resource-server.js'
import type { ProtectedResourceSettings } from '../resource-server/settings.js'
import { createEndpoint } from './endpoint.js'
import { type IssuerMirror, mirroredPaths, mirrorIssuer } from './issuer-mirror.js'
import { allowAllOrigins, checkOrigin } from './origins.js'
import { createMcpProtocol } from './protocol.js'
import type { ServerDefinition } from './server-definition.js'

export interface McpAppOptions {
  /** The caller closes its dependencies, such as a database, after `close`. */
  readonly definition: ServerDefinition
  readonly issuer: string
  readonly verify: TokenVerifier
  readonly pages: Pages<ConnectViews>
  /** Version of this software, sent to clients. */
  readonly version: string
  readonly log: Logger
  readonly clock: Clock
  readonly trustedProxies: readonly string[]
  /** See `HttpBaseOptions.operatorSecrets`. */
  readonly operatorSecrets?: (() => readonly string[]) | undefined
  /** See `HttpBaseOptions.observer`. */
  readonly observer?: HttpMiddleware | undefined
  /** Further accepted Host values, such as the service name inside a container network. */
  readonly alsoAnswerHosts?: readonly string[]
  /** Origins of web pages that may call the MCP endpoint, besides its own and loopback ones. */
  readonly allowedOrigins?: readonly string[]
  /** Settings for key-bound tokens; absent: they are refused. */
  readonly dpop?: DpopOptions
  /** Rate limits of callers; absent: none. */
  readonly rateLimits?: Pick<RateLimiterOptions, 'perCaller' | 'overall' | 'store'>
  /** Show only tools that change nothing; default false. */
  readonly readOnly?: boolean
  /** If set, the authorization server is mirrored on this server's origins, for clients of 2025-03-26. */
  readonly issuerMirror?: IssuerMirror | undefined
  /** See `HttpBaseOptions`. */
  readonly warnings?: (() => readonly string[]) | undefined
  /** See `HttpBaseOptions`. */
  readonly stopping?: AbortSignal | undefined
  /** See `HttpBaseOptions`. */
  readonly peers?: Peers | undefined
}

export interface McpApp {
  readonly app: Koa<HttpState>
  /** True for a request of this app, if it shares its port with the issuer. */
  isFor(target: RequestTarget): boolean
  /** Resolves if the dependencies of the definition answer. */
  ready(): Promise<void>
  /** Ends open exchanges. Does not close the dependencies of the definition. */
  close(): Promise<void>
}

/** For people who open the server's address in a browser. */
function leadHome(addresses: Addresses): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== '/' || ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html') return next()
    ctx.redirect(new URL(addresses.firstOf(ctx.host).url).pathname)
  }
}

/** A GET by a browser shows the connect page; a GET by a client, which accepts an event stream, goes to the guard. */
function showConnectPage({ definition: { resource }, pages }: McpAppOptions): HttpMiddleware {
  const context = connectContext(resource, protectedResourceMetadataUrl(resource.resource))
  return async (ctx, next) => {
    const isRead = ctx.method === 'GET' || ctx.method === 'HEAD'
    if (!isRead || ctx.accepts('text/event-stream', 'json', 'html') !== 'html') return next()
    pages.send(ctx, 'connect', context)
  }
}

/** Answers 404 for everything except the MCP endpoint. On 404 for a well-known URL, clients try the next one. */
function onlyAtAddresses(addresses: Addresses): HttpMiddleware {
  return async (ctx, next) => {
    if (addresses.find(ctx.host, ctx.path) === undefined)
      throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
    return next()
  }
}

/** This app checks the origins of pages itself (`origins.ts`). */
function protectResource({ definition: { resource }, issuer, verify, dpop, clock }: McpAppOptions): ResourceServer {
  const settings: ProtectedResourceSettings = {
    resource: resource.resource,
    aliases: resource.aliases,
    authorizationServers: issuer,
    name: resource.name,
    scopes: scopeHierarchyOf(resource),
    advertisedScopes: resource.defaultScopes,
    challengeScopes: resource.defaultScopes,
    dpop: dpop ?? false,
    verify,
  }
  return createResourceServer(settings, { clock, cors: false, checks: false })
}

/**
 * Decides which requests on a shared port are for this app: everything for a host that is not the issuer's, and on the issuer's host the
 * endpoint, its metadata and the assets of its page. An issuer with a path leaves the root of the host to this app. A resource URL on
 * another host takes no path on the issuer's host.
 */
function belongsHere({ issuer, issuerMirror, pages }: McpAppOptions, addresses: Addresses): McpApp['isFor'] {
  const issuerHosts = new Set(hostsOf(issuer))
  const isOnIssuerHost = ({ origin }: { readonly origin: string }) =>
    hostsOf(origin).some((host) => issuerHosts.has(host))
  const ownHosts = new Set(addresses.origins.flatMap(hostsOf).filter((host) => !issuerHosts.has(host)))
  const ownPaths = new Set([
    ...addresses.all.filter(isOnIssuerHost).map(({ url }) => new URL(url).pathname),
    ...addresses.metadataPaths,
    ...pages.assetPaths,
    ...(pathOf(issuer) === '' ? [] : ['/', ...(issuerMirror === undefined ? [] : mirroredPaths)]),
  ])
  return ({ host, path }) => ownHosts.has(host.toLowerCase()) || ownPaths.has(path)
}

/** Adds the caller to the log line: the user only as a short hash, never the token. */
function noteCaller({ event }: HttpState, accessToken: AccessToken): void {
  const scopes = accessToken.scopes.join(' ')
  Object.assign(event, { ...auditedCaller(accessToken), scopes } satisfies Partial<RequestEvent>)
}

function noteRefusal({ event }: HttpState, { error }: Answer): void {
  event.decision = 'deny'
  if (error === undefined)
    Object.assign(event, { error: 'no_token', problem: 'no_token' } satisfies Partial<RequestEvent>)
  else noteError(event, { error: error.code, description: error.message, detail: error.detail })
}

function readOnly(definition: ServerDefinition): ServerDefinition {
  return { ...definition, resource: readOnlyDeclaration(definition.resource) }
}

/** Builds the app. It does not listen yet, and contacts the issuer only when the first token arrives. */
export function createMcpApp(given: McpAppOptions): McpApp {
  const options = given.readOnly === true ? { ...given, definition: readOnly(given.definition) } : given
  const { definition, log, clock, issuerMirror } = options
  const { resource, ready } = definition
  const server = protectResource(options)
  const { addresses } = server
  const [origin, ...alsoPublicOrigins] = addresses.origins
  const operations = createOperations({ ...operationRulesOf(resource), readOnly: options.readOnly ?? false })
  const limiter = options.rateLimits && createRateLimiter({ ...options.rateLimits, clock })
  const guard = createCallGuard({ operations, limiter, clock })
  const protocol = createMcpProtocol(definition, operations, options.version, (error) =>
    log.debug({ err: error }, 'mcp'),
  )
  const endpoint = createEndpoint({ url: resource.resource, guard, verify: options.verify, protocol, clock, log })
  const app = createHttpBase({ ...options, origin, alsoPublicOrigins, ready })
  const open: readonly HttpMiddleware[] = [
    allowAllOrigins(),
    publishMetadata(server),
    ...(issuerMirror === undefined ? [] : [mirrorIssuer(issuerMirror, resource.resource)]),
    options.pages.serveAssets,
    leadHome(addresses),
  ]
  for (const middleware of open) app.use(middleware)
  app
    .use(onlyAtAddresses(addresses))
    .use(checkOrigin(addresses.origins, options.allowedOrigins ?? []))
    .use(showConnectPage(options))
    .use(protect<HttpState>(server, noteRefusal))
    .use(async (ctx) => {
      const { accessToken, auth } = ctx.state
      noteCaller(ctx.state, accessToken)
      await endpoint(ctx, accessToken, auth)
    })
  return { app, isFor: belongsHere(options, addresses), ready, close: () => protocol.close() }
}
