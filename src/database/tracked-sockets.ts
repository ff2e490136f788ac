import { Socket } from 'node:net'

export interface TrackedSockets {
  /** A new socket, not connected yet. */
  open(): Socket
  closeAll(): void
}

/**
 * Tracks the sockets of all connections to one server. If that server turns out to be read-only, all of them, including those for reads,
 * are closed as if the network had failed. New connections then reach the server that the address leads to now.
 */
export function trackSockets(): TrackedSockets {
  const sockets = new Set<Socket>()
  return {
    open: () => {
      const socket = new Socket()
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      return socket
    },
    closeAll: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}
