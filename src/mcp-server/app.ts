/**
 * The MCP server: a protected resource (RFC 9728) that serves what it is given over Streamable HTTP. Owns its middleware order and
 * its connect page. Does not own issuing tokens, accounts or consent, and never sees the authorization server's data: what it
 * knows of a caller stands in the access token.
 */
import type Koa from 'koa'
import { OAuthError } from '../oauth/errors.js'
import { readOnlyDeclaration } from '../oauth/resource.js'
import { pathOf, protectedResourceMetadataUrl } from '../oauth/well-known.js'
import type { Clock } from '../platform/clock.js'
import { createHttpBase, type HttpMiddleware, type HttpState } from '../platform/http.js'
import type { Logger } from '../platform/log.js'
import { hostsOf, type RequestTarget } from '../platform/origin.js'
import type { Pages } from '../platform/pages.js'
import {
  type AccessToken,
  auditedCaller,
  createCallGuard,
  createOperations,
  createRateLimiter,
  type DpopOptions,
  operationRulesOf,
  type RateLimit,
  type Refusal,
  type TokenVerifier,
} from '../resource-server/index.js'
import { answerDocument, type BearerState, bearerGuard } from '../resource-server/koa.js'
import { type Address, type Addresses, createAddresses, rootMetadataPath } from './addresses.js'
import { createEndpoint } from './endpoint.js'
import { type IssuerMirror, mirroredPaths, mirrorIssuer } from './issuer-mirror.js'
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
  /** How often callers may ask; absent: as often as they like. */
  readonly rateLimits?: { readonly perCaller?: RateLimit | undefined; readonly overall?: RateLimit | undefined }
  /** Only tools that change nothing are there; default false. */
  readonly readOnly?: boolean
  /** Given: the authorization server is mirrored on this server's origins, for clients of 2025-03-26. */
  readonly issuerMirror?: IssuerMirror | undefined
}

/** The state of a request for the MCP endpoint. */
interface McpState extends HttpState {
  /** The URL the client uses. */
  address: Address
}

export interface McpApp {
  readonly app: Koa<HttpState>
  /** True for a request that is this app's, when it shares its port with the issuer. */
  isFor(target: RequestTarget): boolean
  /** Resolves when what the definition stands on answers. */
  ready(): Promise<void>
  /** Ends open exchanges. Does not close what the definition stands on. */
  close(): Promise<void>
}

/** RFC 9728 §3.1 at the path-inserted URL of each address, and at the root for clients that look there first. */
function serveMetadata(addresses: Addresses): HttpMiddleware {
  return async (ctx, next) => {
    const address = addresses.findByMetadata(ctx.state.origin, ctx.path)
    if (address === undefined || (ctx.method !== 'GET' && ctx.method !== 'HEAD')) return next()
    answerDocument(ctx, address.metadata)
  }
}

/** For people who open the server's address in a browser. */
function leadHome(addresses: Addresses): HttpMiddleware {
  return async (ctx, next) => {
    if (ctx.path !== '/' || ctx.method !== 'GET' || ctx.accepts('json', 'html') !== 'html') return next()
    const home = addresses.ofOrigin(ctx.state.origin)
    if (home === undefined) return next()
    ctx.redirect(new URL(home.url).pathname)
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
function onlyAtAddresses(addresses: Addresses): Koa.Middleware<McpState> {
  return async (ctx, next) => {
    const address = addresses.find(ctx.state.origin, ctx.path)
    if (address === undefined)
      throw new OAuthError('invalid_request', 'there is nothing at this address', { status: 404 })
    ctx.state.address = address
    return next()
  }
}

/** Challenges name the metadata of the address that the client uses: it compares the two. */
function guardAddresses(addresses: Addresses, { verify, definition, dpop }: McpAppOptions) {
  const guards = new Map(
    addresses.all.map(({ url, metadataUrl: resourceMetadataUrl }) => {
      const { challengeScopes } = definition.resource
      const bearer = { verify, resourceMetadataUrl, challengeScopes, dpop }
      return [url, bearerGuard<McpState>(bearer, (state, refusal) => noteRefusal(state, refusal))] as const
    }),
  )
  const guard: Koa.Middleware<McpState & BearerState> = (ctx, next) => {
    const ofAddress = guards.get(ctx.state.address.url)
    if (ofAddress === undefined) throw new Error('there is an address without a guard')
    return ofAddress(ctx, next)
  }
  return guard
}

/**
 * Tells this app's requests from the issuer's on a shared port: everything for a host that is not the issuer's, and on a shared
 * host the endpoint, its metadata and what its page needs. An issuer with a path leaves the root of the host to this app.
 */
function belongsHere({ issuer, issuerMirror, pages }: McpAppOptions, addresses: Addresses): McpApp['isFor'] {
  const issuerHosts = new Set(hostsOf(issuer))
  const ownHosts = new Set(addresses.origins.flatMap(hostsOf).filter((host) => !issuerHosts.has(host)))
  const ownPaths = new Set([
    ...addresses.all.flatMap(({ url, metadataUrl }) => [new URL(url).pathname, new URL(metadataUrl).pathname]),
    rootMetadataPath,
    `${rootMetadataPath}/`,
    ...pages.assetPaths,
    ...(pathOf(issuer) === '' ? [] : ['/', ...(issuerMirror === undefined ? [] : mirroredPaths)]),
  ])
  return ({ host, path }) => ownHosts.has(host.toLowerCase()) || ownPaths.has(path)
}

/** Who called, for the log line: the user only as a short hash, the token not at all. */
function noteCaller({ event }: HttpState, accessToken: AccessToken): void {
  Object.assign(event, auditedCaller(accessToken), { scopes: accessToken.scopes.join(' ') })
}

function noteRefusal({ event }: HttpState, { error }: Refusal): void {
  event['decision'] = 'deny'
  event['error'] = error?.code ?? 'no_token'
  if (error?.detail !== undefined) event['errorDetail'] = error.detail
}

function readOnly(definition: ServerDefinition): ServerDefinition {
  return { ...definition, resource: readOnlyDeclaration(definition.resource) }
}

/** Builds the app. It listens to nothing yet, and contacts the issuer only when the first token arrives. */
export function createMcpApp(given: McpAppOptions): McpApp {
  const options = given.readOnly === true ? { ...given, definition: readOnly(given.definition) } : given
  const { issuer, dpop, log, clock, issuerMirror, definition } = options
  const { resource, ready } = definition
  const addresses = createAddresses(resource, issuer, dpop)
  const [origin, ...alsoPublicOrigins] = addresses.origins
  const operations = createOperations({ ...operationRulesOf(resource), readOnly: options.readOnly ?? false })
  const limiter = options.rateLimits && createRateLimiter({ ...options.rateLimits, clock })
  const guard = createCallGuard({ operations, limiter, clock })
  const protocol = createMcpProtocol(definition, operations, options.version, (error) =>
    log.debug({ err: error }, 'mcp'),
  )
  const endpoint = createEndpoint({ url: resource.resource, guard, protocol, clock, log })
  const app = createHttpBase({ ...options, origin, alsoPublicOrigins, ready })
  const open: readonly HttpMiddleware[] = [
    allowAllOrigins(),
    serveMetadata(addresses),
    ...(issuerMirror === undefined ? [] : [mirrorIssuer(issuerMirror)]),
    options.pages.serveAssets,
    leadHome(addresses),
  ]
  for (const middleware of open) app.use(middleware)
  app
    .use(onlyAtAddresses(addresses))
    .use(checkOrigin(addresses.origins, options.allowedOrigins ?? []))
    .use(showConnectPage(options))
    .use(guardAddresses(addresses, options))
    .use(async (ctx) => {
      const { accessToken, address } = ctx.state
      noteCaller(ctx.state, accessToken)
      await endpoint(ctx, accessToken, address.metadataUrl)
    })
  return { app, isFor: belongsHere(options, addresses), ready, close: () => protocol.close() }
}
