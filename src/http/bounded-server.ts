/**
 * An HTTP server with limits against slow or greedy connections: slow headers and bodies (Slowloris), responses that the client does not
 * read, too many connections or header lines. Does not own the responses.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { shareConnections } from './connection-shares.js'

/** Times are in milliseconds. */
export interface ConnectionLimits {
  /** Maximum time from the start of a connection, or of a request on it, until the head is complete. */
  readonly headMs: number
  /** The same until the whole request is complete. */
  readonly requestMs: number
  /** Maximum delay of the checks of these two limits. */
  readonly noticedMs: number
  /** Maximum time without progress of a response that the client does not read. */
  readonly unreadMs: number
  /**
   * Maximum idle time between two requests. Longer than the idle time-out of proxies: a proxy that closes first never sends a request into
   * a closing connection.
   */
  readonly idleMs: number
  /** Maximum header lines of a request. Node would silently drop the lines above its own limit. */
  readonly headerLines: number
  /**
   * Maximum open connections; beyond it networks share them (connection-shares.ts). Node itself raises the limit of open files as far as it
   * may.
   */
  readonly connections: number
  /** Maximum bytes of all incomplete requests; beyond it networks share them, too. Bodies are kept in memory until they are complete. */
  readonly unfinishedBytes: number
}

/** A connection that sends or reads too slowly is closed within 15 seconds. */
export const connectionLimits: ConnectionLimits = {
  headMs: 8_000,
  requestMs: 14_000,
  noticedMs: 1_000,
  unreadMs: 15_000,
  idleMs: 65_000,
  headerLines: 200,
  connections: 10_000,
  unfinishedBytes: 64 * 1024 * 1024,
}

export interface BoundedServer {
  readonly server: Server
  /**
   * Call before `close`: from then on, every response, including those in progress, is the last of its connection. A client or proxy that
   * keeps a connection would delay the stop, or send into a closing one (RFC 9112 §9.6).
   */
  finish(): void
  /** Call once no proxy sends requests any more: closes idle connections, and others as soon as they are idle. */
  endIdle(): void
}

/** Closes connections without progress, but not those whose response is still being produced, such as an event stream. */
function superviseAnswers(server: Server, unreadMs: number): Pick<BoundedServer, 'finish' | 'endIdle'> {
  const underWay = new Set<ServerResponse>()
  let isEnding = false
  let endsIdle = false
  // Before the app's own listener, which may send the head at once.
  server.prependListener('request', (_request, response) => {
    underWay.add(response)
    if (isEnding) response.shouldKeepAlive = false
    response.once('close', () => {
      underWay.delete(response)
      // Not before: a proxy that has not noticed the stop may be sending a request on an idle connection.
      if (endsIdle) server.closeIdleConnections()
    })
  })
  const isAnswering = (socket: Socket) => [...underWay].some((response) => response.socket === socket)
  // For a response in several pieces Node reports a time-out only at its second check, so the check is after half of the time. Node also
  // calls this for an idle kept-alive connection, which this code must close. A connection whose request is incomplete has its own limits.
  const lookAfterMs = unreadMs / 2
  server.setTimeout(lookAfterMs, (socket) => {
    if (socket.writableLength > 0 || (!isAnswering(socket) && socket.timeout !== lookAfterMs)) socket.destroy()
  })
  return {
    finish: () => {
      isEnding = true
      for (const response of underWay) response.shouldKeepAlive = false
    },
    endIdle: () => {
      endsIdle = true
      server.closeIdleConnections()
    },
  }
}

export function createBoundedServer(answer: RequestListener, limits: ConnectionLimits): BoundedServer {
  const { headMs, requestMs, noticedMs, idleMs, headerLines } = limits
  const timeouts = { headersTimeout: headMs, requestTimeout: requestMs, connectionsCheckingInterval: noticedMs }
  const server = createServer(timeouts, (request, response) => {
    // `rawHeaders` alternates names and values.
    const hasTooMany = request.rawHeaders.length > headerLines * 2
    // Node parses every HTTP version as 1.1 (RFC 9110 §15.6.6).
    if (!hasTooMany && request.httpVersionMajor === 1) return answer(request, response)
    response.writeHead(hasTooMany ? 431 : 505, { connection: 'close', 'cache-control': 'no-store' }).end()
  })
  server.keepAliveTimeout = idleMs
  server.maxHeadersCount = headerLines + 1
  shareConnections(server, limits)
  return { server, ...superviseAnswers(server, limits.unreadMs) }
}
