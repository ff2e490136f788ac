/** Checks whether a server can listen at an address, before anything else is done. */
import { createServer } from 'node:net'

/** Explanations by the system's error codes. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'the port needs more privileges',
  EADDRNOTAVAIL: 'this machine does not have that address',
  ENOTFOUND: 'the host has no address',
  EAI_AGAIN: 'the host has no address at the moment',
}

/** A one-line error for a failed attempt to listen. */
export function listenFailure(host: string, port: number, error: NodeJS.ErrnoException): Error {
  const reason = reasons[error.code ?? ''] ?? error.message
  return new Error(`cannot listen on ${host}:${port}: ${reason}`, { cause: error })
}

/** True if the address is valid but another program uses the port. */
export function isTaken({ cause }: Error): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'EADDRINUSE'
}

/** Listens briefly. Resolves to the reason of a failure, or `undefined`. Port 0, any free port, checks the host only. */
export async function tryAddress(host: string, port: number): Promise<Error | undefined> {
  const server = createServer((socket) => socket.destroy())
  return new Promise((resolve) => {
    server.once('error', (error) => resolve(listenFailure(host, port, error)))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}
