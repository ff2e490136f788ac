/**
 * Connects one server to another in the same process by HTTP over an in-memory pipe, so that no name, port, proxy or setting can lead
 * anywhere else. The target app sees an ordinary request for its public URL.
 */
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { HttpApp } from './http.js'

export interface InProcessRoute {
  /** Sends every request to the attached app, whatever host its URL names; waits until an app is attached. Loaded at first use. */
  readonly dispatcher: () => Promise<Dispatcher>
  /** Call once, when the app is ready. */
  attach(app: HttpApp): void
  /** Aborts all exchanges and refuses new ones. */
  close(): Promise<void>
}

/** One end of a pipe. Rate limits and logs read its address: the caller is on this machine. */
class PipeEnd extends Duplex {
  readonly remoteAddress = '127.0.0.1'
  #other: PipeEnd | undefined
  #resume: (() => void) | undefined

  static pair(): readonly [PipeEnd, PipeEnd] {
    const [one, other] = [new PipeEnd(), new PipeEnd()]
    one.#other = other
    other.#other = one
    return [one, other]
  }

  override _read(): void {
    const resume = this.#resume
    this.#resume = undefined
    resume?.()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const other = this.#other
    if (other === undefined || other.destroyed) callback(new Error('the other end of the pipe is closed'))
    // Backpressure, as on a socket: the writer continues when the reader has room.
    else if (other.push(chunk)) callback()
    else other.#resume = callback
  }

  override _final(callback: (error?: Error | null) => void): void {
    this.#other?.push(null)
    callback()
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const other = this.#other
    this.#resume?.()
    if (other !== undefined && !other.destroyed) setImmediate(() => other.destroy())
    callback(error)
  }

  // Methods of a socket that HTTP clients and servers call. An in-memory pipe has neither delays nor a handle that keeps the process alive.
  setNoDelay(): this {
    return this
  }
  setKeepAlive(): this {
    return this
  }
  ref(): this {
    return this
  }
  unref(): this {
    return this
  }
}

interface AttachedApp {
  readonly app: Promise<HttpApp>
  attach(app: HttpApp): void
}

/** Requests wait until the app is attached, because both servers start at the same time. */
function appToCome(): AttachedApp {
  let attach: (app: HttpApp) => void = () => undefined
  const app = new Promise<HttpApp>((resolve) => {
    attach = resolve
  })
  return { app, attach: (given) => attach(given) }
}

/** Starts nothing before the first request. */
export function createInProcessRoute(): InProcessRoute {
  const { app, attach } = appToCome()
  const open = new Set<PipeEnd>()
  const closing = new AbortController()
  const server = app.then((attached) => createServer(attached.callback()))

  async function connect(): Promise<PipeEnd> {
    closing.signal.throwIfAborted()
    const answering = await server
    closing.signal.throwIfAborted()
    const [near, far] = PipeEnd.pair()
    open.add(far)
    far.once('close', () => open.delete(far))
    // Node accepts any duplex stream as a connection ("Event: 'connection'" of http.Server).
    answering.emit('connection', far)
    return near
  }

  async function openDispatcher(): Promise<Dispatcher> {
    const { Agent } = await import('undici')
    return new Agent({
      connect: (_options, callback) => {
        connect().then(
          // The pipe has all the members of a socket that undici uses.
          (near) => callback(null, near as unknown as Socket),
          (error: Error) => callback(error, null),
        )
      },
      // A new connection for each request, because a pipe costs nothing.
      pipelining: 0,
    })
  }

  let dispatcher: Promise<Dispatcher> | undefined
  return {
    dispatcher: () => {
      dispatcher ??= openDispatcher()
      return dispatcher
    },
    attach,
    close: async () => {
      closing.abort()
      for (const end of open) end.destroy()
      await (await dispatcher)?.destroy()
    },
  }
}
