/** Whether a server could listen at an address, found out before anything else is done. */
import { createServer } from 'node:net'

/** In words, by the system's codes. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'the port needs more privileges',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host has no address',
  EAI_AGAIN: 'the host has no address at the moment',
}

/** One clear line about a failed attempt to listen. */
export function listenFailure(host: string, port: number, error: NodeJS.ErrnoException): Error {
  const reason = reasons[error.code ?? ''] ?? error.message
  return new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause: error })
}

/** True when the address is right and somebody else has the port. */
export function isTaken({ cause }: Error): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE'
}

/** Listens for a moment. Resolves to why that failed, or `undefined`. Port 0, which is any free one, asks about the host alone. */
export async function tryAddress(host: string, port: number): Promise<Error | undefined> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(listenFailure(host, port, error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
