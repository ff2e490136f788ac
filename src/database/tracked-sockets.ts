import { Socket } from 'node:net'

export interface TrackedSockets {
  /** A new one, not connected yet. */
  open(): Socket
  closeAll(): void
}

/**
 * Of every connection to one server. When it turns out to write no more, all of them lead nowhere, the one for reads too: they are
 * closed as if the way to it were cut, and the next ones go where the address leads now.
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
