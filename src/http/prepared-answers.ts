/**
 * Prepared responses for metadata and keys, served before the app: this takes half the time of the app's middleware. Answers only plain
 * requests. A request with a header that could change the response goes to the app, which gives the same content. Does not own the content.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { addressSet, clientAddress, forwarderHeader } from './client-address.js'
import { answeredHosts } from './host-pinning.js'
import type { HttpApp, HttpBaseOptions } from './http.js'
import { probeHeaders } from './proxy-probe.js'
import { logRequest } from './request-log.js'

export interface PreparedAnswer {
  /** The path inside the server, for the log line. */
  readonly path: string
  /** Complete except for the request id; alternating names and values. */
  readonly headers: readonly string[]
  readonly body: string
}

/** By the request target as sent, without a query. */
export type FindPreparedAnswer = (target: string) => PreparedAnswer | undefined

/** A request with one of these headers may be refused, or get a different response or one without a body. */
const deciding: ReadonlySet<string> = new Set([
  'authorization',
  'content-length',
  'expect',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-unmodified-since',
  'range',
  'transfer-encoding',
  'upgrade',
  forwarderHeader,
  probeHeaders.probe,
])

/** The requested host of a request without any of these headers; `undefined` for any other. */
function plainHost({ rawHeaders }: IncomingMessage): string | undefined {
  let host: string | undefined
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (deciding.has(name)) return undefined
    if (name !== 'host') continue
    if (host !== undefined) return undefined
    host = rawHeaders[index + 1]
  }
  return host
}

/** The app with its prepared responses in front. If metrics or traces observe requests, all of them go to the app. */
export function answerAhead(app: HttpApp, options: HttpBaseOptions, find: FindPreparedAnswer): HttpApp {
  if (options.observer !== undefined) return app
  const { log, clock } = options
  const trusted = options.trustedProxies.length === 0 ? undefined : addressSet(options.trustedProxies)
  const hosts = answeredHosts(options)
  const findFor = (request: IncomingMessage) => {
    if (request.method !== 'GET') return undefined
    const answer = find(request.url ?? '')
    if (answer === undefined) return undefined
    const host = plainHost(request)
    return host !== undefined && hosts.has(host.toLowerCase()) ? answer : undefined
  }
  return {
    callback: () => {
      const answerByApp = app.callback()
      return (request, response) => {
        const answer = findFor(request)
        if (answer === undefined) return answerByApp(request, response)
        const startedAt = clock.now().getTime()
        const event = { requestId: randomUUID() }
        response.writeHead(200, ['x-request-id', event.requestId, ...answer.headers])
        response.end(answer.body)
        const address = clientAddress(request, trusted, false)
        logRequest({ log, clock }, { event, method: 'GET', path: answer.path, status: 200, address, startedAt })
      }
    },
  }
}
