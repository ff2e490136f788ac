/**
 * The load balancer in front of replicas, as small as one can be: requests in turns, each on a connection of its own; the next
 * replica when one does not listen. A request that was cut after it was sent is not sent again: its caller's connection is cut
 * too. Remembers what callers were answered, so that a test can judge all of it.
 */
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { listenOn } from './opened.js'

export interface Answered {
  readonly status: number
  readonly path: string
  readonly retryAfter: string | undefined
  readonly milliseconds: number
}

export interface FrontProxy {
  readonly port: number
  /** Every answer that was sent on, in order. */
  readonly answers: readonly Answered[]
  /** Requests that were cut on their way, and those that no replica took. */
  readonly cut: number
  readonly refused: number
  /** Requests under way at a replica. */
  underWay(target: number): number
  /** From now on nothing new goes to this replica, until it is put back. */
  takeOut(target: number): void
  putBack(target: number): void
  /** From now on it asks every replica whether it is ready, and takes out and puts back accordingly. */
  watchReadiness(): void
  /** True while it sends to this replica. */
  isIn(target: number): boolean
  /** How often a replica that was in said itself that it is not ready. */
  readonly toldNotReady: number
  close(): Promise<void>
}

const probeEveryMs = 50

/** `targets`: ports on loopback. */
export async function startFrontProxy(port: number, targets: readonly number[]): Promise<FrontProxy> {
  const answers: Answered[] = []
  const out = new Set<number>()
  const busy = new Map<number, number>()
  let turn = 0
  let cut = 0
  let refused = 0
  let toldNotReady = 0
  let watch: NodeJS.Timeout | undefined

  const probe = async (target: number) => {
    try {
      const signal = AbortSignal.timeout(1_000)
      const answer = await fetch(`http://127.0.0.1:${target}/health/ready`, { signal })
      await answer.text()
      if (answer.status === 200) return void out.delete(target)
      if (!out.has(target)) toldNotReady += 1
      out.add(target)
    } catch {
      // No answer says nothing: who does not listen is passed over anyway.
    }
  }
  const probeAll = async () => {
    await Promise.all(targets.map(probe))
    watch?.refresh()
  }

  const send = (incoming: IncomingMessage, body: Buffer, outgoing: ServerResponse, candidates: readonly number[]) => {
    const [target, ...others] = candidates
    if (target === undefined) {
      refused += 1
      return void incoming.socket.destroy()
    }
    const startedAt = performance.now()
    busy.set(target, (busy.get(target) ?? 0) + 1)
    const { method, url: path = '/', headers } = incoming
    const forwarded = request({
      host: '127.0.0.1',
      port: target,
      method,
      path,
      headers: { ...headers, connection: 'close' },
      agent: false,
    })
    outgoing.once('close', () => forwarded.destroy())
    forwarded.once('response', (answer) => {
      const { statusCode: status = 0 } = answer
      answer.once('error', () => incoming.socket.destroy())
      const { connection: _ours, ...kept } = answer.headers
      answers.push({
        status,
        path: path.split('?')[0] ?? path,
        retryAfter: answer.headers['retry-after'],
        milliseconds: performance.now() - startedAt,
      })
      outgoing.writeHead(status, kept)
      answer.pipe(outgoing)
    })
    forwarded.once('error', (error: NodeJS.ErrnoException) => {
      const wasTaken = error.code !== 'ECONNREFUSED'
      if (outgoing.destroyed) return
      if (!wasTaken) return send(incoming, body, outgoing, others)
      cut += 1
      incoming.socket.destroy()
    })
    forwarded.once('close', () => busy.set(target, (busy.get(target) ?? 1) - 1))
    forwarded.end(body)
  }

  const server = createServer(async (incoming, outgoing) => {
    try {
      const parts: Buffer[] = []
      for await (const part of incoming) parts.push(part as Buffer)
      turn += 1
      const inTurn = targets.map((_, index) => targets[(turn + index) % targets.length] ?? 0)
      send(
        incoming,
        Buffer.concat(parts),
        outgoing,
        inTurn.filter((target) => !out.has(target)),
      )
    } catch {
      // The caller went away before its request was whole.
      incoming.socket.destroy()
    }
  })
  await listenOn(server, port)
  return {
    port,
    answers,
    get cut() {
      return cut
    },
    get refused() {
      return refused
    },
    underWay: (target) => busy.get(target) ?? 0,
    takeOut: (target) => void out.add(target),
    putBack: (target) => void out.delete(target),
    watchReadiness: () => {
      watch = setTimeout(probeAll, probeEveryMs)
    },
    isIn: (target) => !out.has(target),
    get toldNotReady() {
      return toldNotReady
    },
    close: () =>
      new Promise((resolve) => {
        clearTimeout(watch)
        watch = undefined
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
