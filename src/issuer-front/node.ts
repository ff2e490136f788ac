/** The front on `node:http`, and as middleware of Express, which calls with `next`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { ReadableStream } from 'node:stream/web'
import type { IssuerFront } from './front.js'

const knownMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** Nothing is read before somebody asks for it: what is none of the front's goes on with its body untouched. */
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

/** Answers the front's paths and hands everything else to `next`; without one, 404. Mount it before anything reads bodies. */
export function serveFront(
  front: IssuerFront,
): (request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void) => Promise<void> {
  return async (request, response, next) => {
    const { url = '/', method = 'GET' } = request
    // What is no path, and methods that no web request may have, are none of the front's.
    const isOurs = url.startsWith('/') && knownMethods.has(method)
    const answer = isOurs ? await front.handle(toRequest(request, front.issuer, url)) : undefined
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
