/**
 * Shares open connections, and the memory for incomplete requests, among the networks of the peers. If all connections are taken, the
 * network with the most loses its oldest one that waits for its client: one with an incomplete request, or an idle one. Otherwise one
 * network with half-open requests could lock everyone else out. If incomplete requests take too much memory, the network that uses the most
 * loses its oldest ones. Behind a proxy all connections have the same peer, so a further one is refused, and the oldest incomplete requests
 * are dropped.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clientNetworks } from './client-network.js'

/** Node closes further connections before this module sees them, so it needs room for those that are closing. */
const closing = 1_000

/** Interval of the memory check. In that time, 1 Gbit/s delivers 30 MB. */
const lookEveryMs = 250

export interface SharedConnections {
  /** Maximum open connections. */
  readonly connections: number
  /** Maximum bytes of all incomplete requests together. */
  readonly unfinishedBytes: number
}

/** The widest network: a household could give each of its connections a different narrow one (client-network.ts). */
function networkOf({ remoteAddress = '' }: Socket): string {
  return clientNetworks(remoteAddress).at(-1)?.network ?? remoteAddress
}

export function shareConnections(server: Server, { connections: most, unfinishedBytes }: SharedConnections): void {
  /** Connections by network, oldest first. */
  const networks = new Map<string, Set<Socket>>()
  /** The request in progress of each connection, oldest first. */
  const requests = new Map<Socket, IncomingMessage>()
  /** Bytes received on a connection up to the end of its last response. */
  const answered = new WeakMap<Socket, number>()
  let open = 0

  const leave = (network: string, socket: Socket) => {
    const sockets = networks.get(network)
    if (sockets?.delete(socket) !== true) return
    open -= 1
    if (sockets.size === 0) networks.delete(network)
  }

  const waitsForClient = (socket: Socket) => requests.get(socket)?.complete !== true

  /** True if a connection of another network was closed. */
  const makeRoom = (own: number): boolean => {
    let [largest, sockets] = ['', new Set<Socket>()]
    for (const [network, candidates] of networks) {
      if (candidates.size > sockets.size) [largest, sockets] = [network, candidates]
    }
    if (sockets.size <= own + 1) return false
    for (const socket of sockets) {
      if (!waitsForClient(socket)) continue
      leave(largest, socket)
      socket.destroy()
      return true
    }
    return false
  }

  const unfinishedOf = (socket: Socket) => (waitsForClient(socket) ? socket.bytesRead - (answered.get(socket) ?? 0) : 0)

  /** Connections with an incomplete head first: they have no request yet. */
  const inOrder = (sockets: Set<Socket>): readonly Socket[] => [
    ...[...sockets].filter((socket) => !requests.has(socket)),
    ...[...requests.keys()].filter((socket) => sockets.has(socket)),
  ]

  const boundMemory = () => {
    let held = 0
    const ofNetworks = [...networks].map(([network, sockets]) => {
      let bytes = 0
      for (const socket of sockets) bytes += unfinishedOf(socket)
      held += bytes
      return { network, sockets, bytes }
    })
    while (held > unfinishedBytes) {
      ofNetworks.sort((left, right) => right.bytes - left.bytes)
      const [largest, next] = ofNetworks
      if (largest === undefined || largest.bytes <= 0) return
      const { network, sockets } = largest
      for (const socket of inOrder(sockets)) {
        const bytes = unfinishedOf(socket)
        if (bytes <= 0) continue
        leave(network, socket)
        socket.destroy()
        held -= bytes
        largest.bytes -= bytes
        if (held <= unfinishedBytes || largest.bytes < (next?.bytes ?? 0)) break
      }
    }
  }

  server.maxConnections = most + closing
  server.on('connection', (socket: Socket) => {
    const network = networkOf(socket)
    if (open >= most && !makeRoom(networks.get(network)?.size ?? 0)) {
      socket.destroy()
      return
    }
    open += 1
    const sockets = networks.get(network) ?? new Set()
    networks.set(network, sockets.add(socket))
    socket.once('close', () => leave(network, socket))
  })
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
    const { socket } = request
    requests.set(socket, request)
    response.once('close', () => {
      answered.set(socket, socket.bytesRead)
      if (requests.get(socket) === request) requests.delete(socket)
    })
  })
  const looking = setInterval(boundMemory, lookEveryMs).unref()
  server.once('close', () => clearInterval(looking))
}
