/**
 * The authorization server on this server's own origin, for clients of revision 2025-03-26: they do not know protected resource metadata
 * and look for the issuer's document here, or for `/authorize`, `/token` and `/register` if they find none. The document is the issuer's
 * own, with its real `issuer` and endpoints; a client that requires this origin as the issuer needs a single-origin deployment. The
 * endpoints lead to this issuer only: by a redirect for people, by a forwarder for programs.
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
  /** Shared with the issuer if it runs in this process, so that the issuer sees the client's address. */
  readonly forwarderSecret?: string | undefined
  /** See `ForwarderOptions`. */
  readonly dispatcher?: ForwarderOptions['dispatcher']
}

const documentPaths: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]

/** Metadata members by their path on this origin. */
const forwarded: Readonly<Record<string, string>> = {
  [legacyEndpointPaths.token]: 'token_endpoint',
  [legacyEndpointPaths.registration]: 'registration_endpoint',
  [legacyEndpointPaths.revocation]: 'revocation_endpoint',
}

/** All paths of the mirror. */
export const mirroredPaths: ReadonlySet<string> = new Set([...documentPaths, ...Object.values(legacyEndpointPaths)])

/** Cache lifetime of the document, the same as for the issuer's own. */
const maxAgeSeconds = 300

/** An outage of the issuer gets 502, which clients do not interpret as a statement about this server. */
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

/** Reads the issuer's document on first use. Limits are slightly above those of the issuer's endpoints. */
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
 * The query of an authorization request at this origin, which serves one resource. Clients of 2025-03-26 do not send a `resource` parameter
 * (RFC 8707). Without it, a request with `openid` may be for no resource, and its client would get a token that this server refuses.
 */
function withResource(querystring: string, resource: string): string {
  const parameters = new URLSearchParams(querystring)
  const mayMeanNone = parseScope(parameters.get('scope') ?? undefined).includes('openid')
  const namesResource = parameters.getAll('resource').some((value) => value !== '')
  return mayMeanNone && !namesResource ? `${querystring}&${new URLSearchParams({ resource })}` : querystring
}

/**
 * Middleware for the mirrored paths; passes on every other path, and every request on the issuer's own origin. `resource`: canonical
 * identifier of the resource on this origin.
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
    // As at the issuer: a POST is redirected to a GET, which carries the session's cookie.
    if (ctx.method === 'POST') ctx.status = 303
    ctx.redirect(query === '' ? endpoint : `${endpoint}?${withResource(query, resource)}`)
    // Koa's default body would repeat the address, as HTML or text depending on the request.
    ctx.body = ''
  }

  async function passOn(ctx: HttpContext, member: string): Promise<void> {
    onlyMethods(ctx, 'POST')
    const endpoint = await reached(discovery.endpoint(member))
    if (endpoint === undefined) throw notOffered()
    await forward(ctx, endpoint)
  }

  return async (ctx, next) => {
    // A redirect to the same URL would loop.
    if (ctx.state.origin === issuer) return next()
    const path = ctx.path === '/' ? ctx.path : ctx.path.replace(/\/$/, '')
    if (documentPaths.includes(path)) return answerMetadata(ctx)
    if (ctx.path === legacyEndpointPaths.authorization) return redirect(ctx)
    const member = Object.hasOwn(forwarded, ctx.path) ? forwarded[ctx.path] : undefined
    return member === undefined ? next() : passOn(ctx, member)
  }
}
