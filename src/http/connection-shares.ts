/**
 * Shares out the connections that may be open among the networks of their peers. When all are taken, the network with the most gives up
 * its oldest connection that waits for its client: one that sent no whole request, or idles between two. One network that keeps
 * requests half-open would otherwise keep everybody else out. Behind a proxy all connections have one peer, so one more is refused.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { clientNetworks } from './client-network.js'

/** Node closes further connections before this module sees them: room for those that are closing. */
const closing = 1_000

/** The widest: a household could give each of its connections a network of its own (client-network.ts). */
function networkOf({ remoteAddress = '' }: Socket): string {
  return clientNetworks(remoteAddress).at(-1)?.network ?? remoteAddress
}

/** `most`: open at once. */
export function shareConnections(server: Server, most: number): void {
  /** By network, in the order in which they came. */
  const networks = new Map<string, Set<Socket>>()
  /** The request of each connection that is being read or answered. */
  const requests = new Map<Socket, IncomingMessage>()
  let open = 0

  const leave = (network: string, socket: Socket) => {
    const sockets = networks.get(network)
    if (sockets?.delete(socket) !== true) return
    open -= 1
    if (sockets.size === 0) networks.delete(network)
  }

  const waitsForClient = (socket: Socket) => requests.get(socket)?.complete !== true

  /** True if another network gave up a connection. */
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
      if (requests.get(socket) === request) requests.delete(socket)
    })
  })
}
