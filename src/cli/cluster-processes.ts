/** Workers as processes of Node's cluster, which shares the ports: the primary accepts connections and hands them out in turn. */
import cluster, { type Worker } from 'node:cluster'
import type { Readable } from 'node:stream'
import type { MessageChannel } from '../base/calls.js'
import type { ForkedProcess } from '../program/workers/primary.js'

interface ClusterMessage {
  readonly act?: string
  readonly seq?: number
  readonly ack?: number
}

interface Closable {
  close(): void
}

function isClosable(handle: unknown): handle is Closable {
  return typeof handle === 'object' && handle !== null && 'close' in handle && typeof handle.close === 'function'
}

/**
 * Node hands a connection to a worker and waits for its word that it took it. If the worker is killed in between, Node 20 to 24 notices no
 * end of the channel and waits for ever: the client's connection stays open and nobody answers. With clients that open a connection for each
 * request that is one at every kill. So the end is told here, and in the dead worker's place, that it took no connection: Node then hands it
 * to another worker.
 */
function rescueConnections({ process: child }: Worker): void {
  const handedOut = new Map<number, unknown>()
  const send = child.send.bind(child) as (...given: unknown[]) => boolean
  Reflect.set(child, 'send', (message: ClusterMessage, handle: unknown, ...rest: unknown[]) => {
    if (message.act === 'newconn' && message.seq !== undefined) handedOut.set(message.seq, handle)
    return send(message, handle, ...rest)
  })
  child.on('internalMessage', ({ ack }: ClusterMessage) => {
    if (ack !== undefined) handedOut.delete(ack)
  })
  // Node calls it when it has read all that the worker said. With a connection under way it would not emit the event.
  const disconnect = child.disconnect.bind(child)
  child.disconnect = () => {
    disconnect()
    child.emit('disconnect')
  }
  // Behind Node's own listener, which takes the worker off its list.
  child.once('disconnect', () => {
    const hasOthers = Object.values(cluster.workers ?? {}).some((worker) => worker?.isConnected())
    for (const [ack, handle] of handedOut) {
      if (hasOthers) child.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack, accepted: false })
      else if (isClosable(handle)) handle.close()
    }
    handedOut.clear()
  })
}

function channelTo({ process: child }: Worker): MessageChannel {
  return {
    // To a worker that has just ended it fails, and the end is told by itself.
    send: (message) => void (child.connected && child.send(message as object, () => undefined)),
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => void child.once('disconnect', listener),
  }
}

/** Call once, ahead of the first `forkWorker`: workers run this program with the same arguments, their standard output comes here. */
export function prepareCluster(): void {
  cluster.schedulingPolicy = cluster.SCHED_RR
  cluster.setupPrimary({ serialization: 'advanced', stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
}

/** `forward`: what becomes of the worker's standard output. */
export function forkWorker(forward: (output: Readable) => Promise<void>): ForkedProcess {
  const worker = cluster.fork()
  rescueConnections(worker)
  const { process: child } = worker
  const forwarded = child.stdout === null ? Promise.resolve() : forward(child.stdout)
  const ended = new Promise<string>((resolve) => {
    // Of a process that could not be made; of a message to one that has just ended, nothing needs to be said.
    child.on('error', (error) => child.pid ?? resolve(error.message))
    child.once('exit', (status, signal) => resolve(signal ?? `status ${status}`))
  })
  return {
    pid: child.pid ?? 0,
    channel: channelTo(worker),
    ended: ended.then(async (how) => {
      await forwarded
      return how
    }),
    kill: () => void child.kill('SIGKILL'),
  }
}

/** The primary, as a worker sees it; `undefined` in a process that is no worker. */
export function channelToPrimary(): MessageChannel | undefined {
  if (!cluster.isWorker) return undefined
  return {
    send: (message) => void (process.connected && process.send?.(message)),
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', listener),
  }
}
