/**
 * The authorization server on this server's own origin, for clients of revision 2025-03-26: they know no protected resource
 * metadata and look for the issuer's document here, or for `/authorize`, `/token` and `/register` when they find none. The document
 * is the issuer's own, with its true `issuer` and endpoints; a client that insists on this origin as the issuer needs a
 * single-origin deployment. The endpoints lead on: a redirect for people, a forwarder for programs, to that one issuer only.
 */

import type { HttpContext, HttpMiddleware } from '../http/context.js'
import { readForm } from '../http/form.js'
import { createForwarder, type Forward, type ForwarderOptions } from '../http/forwarder.js'
import { postedQuery } from '../http/posted-query.js'
import { legacyEndpointPaths } from '../oauth/deployment.js'
import { OAuthError } from '../oauth/errors.js'
import { parseScope } from '../oauth/scope.js'
import { documentAnswer } from '../resource-server/answer.js'
import {
  createIssuerDiscovery,
  type IssuerDiscovery,
  type IssuerDiscoveryOptions,
} from '../resource-server/discovery.js'
import { answerWith } from '../resource-server/koa.js'
import { type PublishedDocument, publishDocument } from '../resource-server/metadata.js'

export interface IssuerMirror {
  readonly issuer: string
  readonly discovery: IssuerDiscovery
  readonly forward: Forward
}

export interface IssuerMirrorOptions {
  readonly issuer: string
  /** How the issuer is reached from here, when that differs. */
  readonly internalUrl?: string | undefined
  readonly fetch: IssuerDiscoveryOptions['fetch']
  readonly clock: IssuerDiscoveryOptions['clock']
  /** Shared with the issuer when it runs in this process: it then sees whom each request is for. */
  readonly forwarderSecret?: string | undefined
  /** See `ForwarderOptions`. */
  readonly dispatcher?: ForwarderOptions['dispatcher']
}

const documentPaths: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]

/** Metadata members by the path that stands for them here. */
const forwarded: Readonly<Record<string, string>> = {
  [legacyEndpointPaths.token]: 'token_endpoint',
  [legacyEndpointPaths.registration]: 'registration_endpoint',
  [legacyEndpointPaths.revocation]: 'revocation_endpoint',
}

/** Every path the mirror answers. */
export const mirroredPaths: ReadonlySet<string> = new Set([...documentPaths, ...Object.values(legacyEndpointPaths)])

/** How long clients may keep the document: as long as they may keep the issuer's own. */
const maxAgeSeconds = 300

/** An outage is the fault of what lies behind: 502, which clients do not take for an answer about this server. */
async function reached<T>(work: Promise<T>): Promise<T> {
  return work.catch((cause: unknown) => {
    throw new OAuthError('temporarily_unavailable', 'the authorization server does not answer', {
      status: 502,
      detail: cause instanceof OAuthError ? (cause.detail ?? cause.message) : String(cause),
      cause,
    })
  })
}

function notOffered(): OAuthError {
  return new OAuthError('invalid_request', 'the authorization server does not offer this', { status: 404 })
}

function onlyMethods(ctx: HttpContext, ...methods: readonly string[]): void {
  if (methods.includes(ctx.method)) return
  ctx.set('allow', methods.join(', '))
  throw new OAuthError('invalid_request', 'this method is not allowed here', { status: 405 })
}

/** Reads the issuer's document when first asked for it. Limits are those of the issuer's endpoints, with some room. */
export function createIssuerMirror({
  internalUrl,
  forwarderSecret,
  dispatcher,
  ...options
}: IssuerMirrorOptions): IssuerMirror {
  return {
    issuer: options.issuer,
    discovery: createIssuerDiscovery({
      ...options,
      freshSeconds: maxAgeSeconds,
      ...(internalUrl !== undefined && { internalUrl }),
    }),
    forward: createForwarder({
      timeoutMs: 15_000,
      maxRequestBytes: 65_536,
      maxAnswerBytes: 262_144,
      secret: forwarderSecret,
      dispatcher,
    }),
  }
}

/**
 * The query of an authorization request at this origin, which serves one resource. Clients of 2025-03-26 know no `resource` parameter
 * (RFC 8707). A request with `openid` may mean no resource at all, and its client would get a token that this server refuses.
 */
function withResource(querystring: string, resource: string): string {
  const parameters = new URLSearchParams(querystring)
  const mayMeanNone = parseScope(parameters.get('scope') ?? undefined).includes('openid')
  const namesResource = parameters.getAll('resource').some((value) => value !== '')
  return mayMeanNone && !namesResource ? `${querystring}&${new URLSearchParams({ resource })}` : querystring
}

/**
 * Middleware for the mirrored paths; every other path goes on, and so does the origin that is the issuer itself. `resource`: canonical
 * identifier of what this origin serves.
 */
export function mirrorIssuer({ issuer, discovery, forward }: IssuerMirror, resource: string): HttpMiddleware {
  const published = new WeakMap<object, PublishedDocument>()

  async function answerMetadata(ctx: HttpContext): Promise<void> {
    onlyMethods(ctx, 'GET', 'HEAD')
    const document = await reached(discovery.document())
    const known = published.get(document) ?? publishDocument(document, maxAgeSeconds)
    published.set(document, known)
    answerWith(ctx, documentAnswer(ctx, known))
  }

  async function redirect(ctx: HttpContext): Promise<void> {
    onlyMethods(ctx, 'GET', 'HEAD', 'POST')
    const query = ctx.method === 'POST' ? postedQuery(await readForm(ctx)) : ctx.querystring
    const { authorization_endpoint: endpoint } = await reached(discovery.document())
    if (typeof endpoint !== 'string') throw notOffered()
    ctx.set('cache-control', 'no-store')
    // As at the issuer: a posted request goes on as a GET, which brings the session's cookie along.
    if (ctx.method === 'POST') ctx.status = 303
    ctx.redirect(query === '' ? endpoint : `${endpoint}?${withResource(query, resource)}`)
    // Koa's own body would repeat the address, and whether it is a page depends on what was asked for.
    ctx.body = ''
  }

  async function passOn(ctx: HttpContext, member: string): Promise<void> {
    onlyMethods(ctx, 'POST')
    const endpoint = await reached(discovery.endpoint(member))
    if (endpoint === undefined) throw notOffered()
    await forward(ctx, endpoint)
  }

  return async (ctx, next) => {
    // A redirect to the URL that was asked for would never end.
    if (ctx.state.origin === issuer) return next()
    const path = ctx.path === '/' ? ctx.path : ctx.path.replace(/\/$/, '')
    if (documentPaths.includes(path)) return answerMetadata(ctx)
    if (ctx.path === legacyEndpointPaths.authorization) return redirect(ctx)
    const member = Object.hasOwn(forwarded, ctx.path) ? forwarded[ctx.path] : undefined
    return member === undefined ? next() : passOn(ctx, member)
  }
}
