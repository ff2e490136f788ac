/**
 * Host pinning: decides for which public origin a request is, from its Host header or absolute target, and answers 421 for unknown hosts.
 * All later middleware reads the pinned origin, so a client cannot choose the host in links, redirects or metadata. Ignores
 * X-Forwarded-Host and X-Forwarded-Proto.
 */

import type { IncomingMessage } from 'node:http'
import type Koa from 'koa'
import { OAuthError } from '../oauth/errors.js'
import { hostsOf } from '../oauth/public-url.js'
import { canParseUrl } from '../oauth/url.js'

/** The target of a request: the host as sent, path and query. */
export interface RequestTarget {
  readonly host: string
  readonly path: string
  /** Includes the question mark; '' if there is no query. */
  readonly search: string
}

/** An absolute request target replaces Host (RFC 9112 §3.2.2). Does not modify the request. */
export function requestTarget({ url = '/', headers }: Pick<IncomingMessage, 'url' | 'headers'>): RequestTarget {
  if (!url.startsWith('/') && canParseUrl(url)) {
    const { host, pathname, search } = new URL(url)
    return { host, path: pathname, search }
  }
  const query = url.indexOf('?')
  const [path, search] = query === -1 ? [url, ''] : [url.slice(0, query), url.slice(query)]
  return { host: headers.host ?? '', path, search }
}

/**
 * Koa would adopt the origin of an absolute request target, so the request continues with the path only. A target without a path (`*`,
 * `http://`) is refused, because later code expects a path.
 */
function takeHost(ctx: Koa.Context): string {
  const { host, path, search } = requestTarget(ctx.req)
  if (!path.startsWith('/')) {
    ctx.req.url = '/'
    throw new OAuthError('invalid_request', 'the request target is not a path')
  }
  if (ctx.req.url?.startsWith('/') === false) {
    ctx.req.url = `${path}${search}`
    ctx.request.originalUrl = ctx.req.url
  }
  return host
}

/** RFC 9112 §3.2, RFC 9110 §5.3: with two of these headers, two servers could read two different hosts or callers. Node keeps the first. */
function refuseSecond(name: 'Host' | 'Authorization', { rawHeaders }: IncomingMessage): void {
  const isNamed = (entry: string, index: number) => index % 2 === 0 && entry.toLowerCase() === name.toLowerCase()
  if (rawHeaders.filter(isNamed).length > 1)
    throw new OAuthError('invalid_request', `the request has more than one ${name} header`)
}

interface PinnedOrigin {
  readonly origin: string
  readonly host: string
  /** Without the colon. */
  readonly scheme: string
}

function pinnedTo(url: string): PinnedOrigin {
  const { origin, host, protocol } = new URL(url)
  return { origin, host, scheme: protocol.slice(0, -1) }
}

/**
 * Makes Koa and the engine use the scheme that `pinOrigin` found instead of the socket's or X-Forwarded-Proto. Call once per app: every
 * request inherits from its `request`.
 */
export function pinScheme({ request }: { readonly request: object }): void {
  const schemeOf = ({ ctx }: Koa.Request): unknown => ctx.state['scheme']
  Object.defineProperties(request, {
    protocol: {
      get(this: Koa.Request) {
        return schemeOf(this)
      },
    },
    secure: {
      get(this: Koa.Request) {
        return schemeOf(this) === 'https'
      },
    },
  })
}

export interface AnsweredOrigins {
  readonly origin: string
  readonly alsoPublicOrigins?: readonly string[]
  readonly alsoAnswerHosts?: readonly string[]
}

/** The origin of each accepted host, by the host in lower case. An internal name belongs to the first origin. */
export function answeredHosts(options: AnsweredOrigins): ReadonlyMap<string, PinnedOrigin> {
  const { origin, alsoPublicOrigins = [], alsoAnswerHosts = [] } = options
  const origins = [origin, ...alsoPublicOrigins]
  return new Map([
    ...alsoAnswerHosts.map((host) => [host.toLowerCase(), pinnedTo(origin)] as const),
    // If two origins share a host under different schemes, the first wins.
    ...origins.toReversed().flatMap((one) => hostsOf(one).map((host) => [host, pinnedTo(one)] as const)),
  ])
}

/** Pins host and scheme to the public origin of the requested host. Unknown hosts get 421 (RFC 9110 §15.5.20). */
export function pinOrigin(options: AnsweredOrigins): Koa.Middleware {
  const byHost = answeredHosts(options)
  return async (ctx, next) => {
    refuseSecond('Host', ctx.req)
    refuseSecond('Authorization', ctx.req)
    const pinned = byHost.get(takeHost(ctx).toLowerCase())
    if (pinned === undefined) {
      throw new OAuthError('invalid_request', 'this server does not serve that host', {
        status: 421,
        detail: 'the requested host is neither the public host nor an internal one',
      })
    }
    ctx.state['origin'] = pinned.origin
    ctx.state['scheme'] = pinned.scheme
    ctx.req.headers.host = pinned.host
    await next()
  }
}
