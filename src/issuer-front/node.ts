/** The front on `node:http`, and as middleware of Express, which calls with `next`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ReadableStream } from 'node:stream/web'
import { addressSet, clientAddress } from '../http/client-address.js'
import type { IssuerFront } from './front.js'

const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Reads lazily, so that requests for other paths are passed on with an unread body. */
async function* bytesOf(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  yield* request
}

function toRequest(request: IncomingMessage, origin: string, path: string): Request {
  const headers = new Headers()
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value)
  }
  const { method = 'GET' } = request
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: ReadableStream.from(bytesOf(request)), duplex: 'half' as const } : {}
  return new Request(origin + path, { method, headers, ...body })
}

export interface ServeFrontOptions {
  /** Addresses and CIDR ranges of proxies whose X-Forwarded-For is trusted; default: none. */
  readonly trustedProxies?: readonly string[]
}

/** Answers the front's paths and passes everything else to `next`; without `next`, answers 404. Mount it before body parsers. */
export function serveFront(
  front: IssuerFront,
  { trustedProxies = [] }: ServeFrontOptions = {},
): (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void> {
  const trusted = addressSet(trustedProxies)
  // For an https issuer, a proxy forwards plain http. Unless it is named, all requests have its address, so addresses are meaningless.
  const hidesAddresses = front.issuer.startsWith('https:') && trustedProxies.length === 0
  const addressOf = (request: IncomingMessage) =>
    hidesAddresses && !('encrypted' in request.socket) ? undefined : clientAddress(request, trusted, false)
  return async (request, response, next) => {
    const { url = '/', method = 'GET' } = request
    // Targets that are not a path, and methods that a web request cannot have, are not for the front.
    const isOurs = url.startsWith('/') && knownMethods.has(method)
    const answer = isOurs ? await front.handle(toRequest(request, front.issuer, url), addressOf(request)) : undefined
    if (answer === undefined) {
      if (next !== undefined) return next()
      response.writeHead(404).end()
      return
    }
    const { 'set-cookie': _, ...headers } = Object.fromEntries(answer.headers)
    response.writeHead(answer.status, { ...headers, ...cookiesOf(answer) })
    response.end(request.method === 'HEAD' ? undefined : Buffer.from(await answer.arrayBuffer()))
  }
}

function cookiesOf(answer: Response): { readonly 'set-cookie'?: string[] } {
  const cookies = answer.headers.getSetCookie()
  return cookies.length === 0 ? {} : { 'set-cookie': cookies }
}
