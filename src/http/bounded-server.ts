/**
 * An HTTP server with limits against slow or greedy connections: slow headers and bodies (Slowloris), answers that nobody reads,
 * too many connections or header lines. Does not own the answers.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { shareConnections } from './connection-shares.js'

/** Times in milliseconds. */
export interface ConnectionLimits {
  /** From the first moment of a connection, or of a request on it, until the head is there. */
  readonly headMs: number
  /** The same until the whole request is there. */
  readonly requestMs: number
  /** How late the two above may be noticed. */
  readonly noticedMs: number
  /** Without progress of an answer that the other side does not read. */
  readonly unreadMs: number
  /** Between two requests. Longer than proxies keep theirs: one that ends first never sends a request into a closing connection. */
  readonly idleMs: number
  /** Header lines of a request. Node would leave out what is above its own limit, and answer as if it had not been there. */
  readonly headerLines: number
  /** Open at once; beyond it networks share them (connection-shares.ts). Node itself raises the limit of open files as far as it may. */
  readonly connections: number
  /** Bytes of requests that are not whole, all together; beyond it networks share them, too. Bodies are kept until they are whole. */
  readonly unfinishedBytes: number
}

/** A connection that sends or reads too slowly is gone within 15 seconds. */
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
   * Call before it is closed: every answer from then on, also those that are being worked on, is the last of its connection. A
   * client or proxy that keeps it would hold up the stop, or send into a closing one (RFC 9112 §9.6).
   */
  finish(): void
  /** Call when nobody sends requests any more: ends connections that idle, and later ones as soon as they do. */
  endIdle(): void
}

/** Ends connections that make no progress, but not those whose answer is still being worked on, an event stream for example. */
function superviseAnswers(server: Server, unreadMs: number): Pick<BoundedServer, 'finish' | 'endIdle'> {
  const underWay = new Set<ServerResponse>()
  let isEnding = false
  let endsIdle = false
  // Ahead of who answers: the head may be sent at once.
  server.prependListener('request', (_request, response) => {
    underWay.add(response)
    if (isEnding) response.shouldKeepAlive = false
    response.once('close', () => {
      underWay.delete(response)
      // Not before: a proxy that has not noticed the stop may be sending a request on one that idled until now.
      if (endsIdle) server.closeIdleConnections()
    })
  })
  const isAnswering = (socket: Socket) => [...underWay].some((response) => response.socket === socket)
  // Of an answer in several pieces Node looks twice before it says that nothing moved, so it looks after half of the time. It also
  // calls this for an idle kept-alive connection, and leaves it to us to end it; one whose request is not there yet has limits of its own.
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
    // `rawHeaders` holds names and values in turn.
    const hasTooMany = request.rawHeaders.length > headerLines * 2
    // Node reads every version as if it were 1.1 (RFC 9110 §15.6.6).
    if (!hasTooMany && request.httpVersionMajor === 1) return answer(request, response)
    response.writeHead(hasTooMany ? 431 : 505, { connection: 'close', 'cache-control': 'no-store' }).end()
  })
  server.keepAliveTimeout = idleMs
  server.maxHeadersCount = headerLines + 1
  shareConnections(server, limits)
  return { server, ...superviseAnswers(server, limits.unreadMs) }
}
