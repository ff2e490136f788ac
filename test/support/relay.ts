/** A TCP relay on loopback in front of a port, for tests that cut the way to it. */
import { connect, createServer, type Socket } from 'node:net'

export interface Relay {
  readonly port: number
  /** Ends every connection and refuses new ones. */
  cut(): void
  restore(): void
  close(): Promise<void>
}

export async function startRelay(target: number): Promise<Relay> {
  const open = new Set<Socket>()
  let isCut = false
  const keep = (socket: Socket, partner: () => void) => {
    open.add(socket)
    socket.on('error', partner)
    socket.once('close', () => {
      open.delete(socket)
      partner()
    })
  }
  const server = createServer((incoming) => {
    if (isCut) return void incoming.resetAndDestroy()
    const outgoing = connect(target, '127.0.0.1')
    keep(incoming, () => outgoing.destroy())
    keep(outgoing, () => incoming.destroy())
    incoming.pipe(outgoing)
    outgoing.pipe(incoming)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  const end = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  return {
    port: address.port,
    cut: () => {
      isCut = true
      end()
    },
    restore: () => {
      isCut = false
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        end()
      }),
  }
}
