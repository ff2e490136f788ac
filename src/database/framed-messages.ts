/** Messages over a local socket: four bytes of length, then a value in V8's serialisation, which preserves dates and bytes. */
import type { Socket } from 'node:net'
import { deserialize, serialize } from 'node:v8'

/** Far above any real message: a peer that announces more is not this program. */
const maxMessageBytes = 64 * 1024 * 1024

export interface MessageStream {
  send(message: unknown): void
  /** Ends the connection after the sent messages. */
  end(): void
}

/** Calls `onMessage` for each message in order. A malformed frame destroys the socket. */
export function messagesOver(socket: Socket, onMessage: (message: unknown) => void): MessageStream {
  let pending = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk])
    while (pending.length >= 4) {
      const length = pending.readUInt32BE(0)
      if (length > maxMessageBytes) return void socket.destroy()
      if (pending.length < 4 + length) return
      const body = pending.subarray(4, 4 + length)
      pending = pending.subarray(4 + length)
      let message: unknown
      try {
        message = deserialize(body)
      } catch {
        return void socket.destroy()
      }
      onMessage(message)
    }
  })
  return {
    send: (message) => {
      const body = serialize(message)
      const length = Buffer.alloc(4)
      length.writeUInt32BE(body.length)
      socket.write(Buffer.concat([length, body]))
    },
    end: () => void socket.end(),
  }
}
