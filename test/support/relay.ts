/** A TCP relay on loopback in front of a port, for tests that cut the way to it, or make it long. */
import { connect, createServer, type Socket } from 'node:net'
import { listenOn } from './opened.js'

export interface Relay {
  readonly port: number
  /** Where it leads. */
  readonly target: number
  /** New connections lead there from now on; those that are open stay, as when a name or an address moves. */
  leadTo(target: number): void
  /** Ends every connection and refuses new ones. */
  cut(): void
  /** What is sent goes nowhere from now on, and nobody is told: connections stay, as when a cable is pulled. */
  swallow(): void
  /** Ends every connection; new ones are let through. */
  interrupt(): void
  /** Every piece of data takes this much longer, each way. */
  delay(milliseconds: number): void
  /**
   * Cuts the one connection that sends `text`, once: `before` it reaches the target, or `after` the target got it and answered,
   * the answer being lost. Resolves when that has happened.
   */
  cutAt(text: string, moment: 'before' | 'after'): Promise<void>
  /** Ends what was cut, swallowed or delayed; connections that were swallowed from are ended. */
  restore(): void
  close(): Promise<void>
}

interface Trap {
  readonly text: string
  readonly moment: 'before' | 'after'
  readonly sprung: () => void
}

export async function startRelay(first: number): Promise<Relay> {
  let target = first
  const open = new Set<Socket>()
  let state: 'open' | 'cut' | 'swallowing' = 'open'
  let delayMs = 0
  let trap: Trap | undefined
  const end = () => {
    for (const socket of open) socket.resetAndDestroy()
  }
  const keep = (socket: Socket, partner: () => void) => {
    open.add(socket)
    socket.on('error', partner)
    socket.once('close', () => {
      open.delete(socket)
      partner()
    })
  }
  /** When the last piece for a socket is due: what comes later never overtakes it. */
  const due = new WeakMap<Socket, number>()
  const pass = (data: Buffer, to: Socket) => {
    const write = () => {
      if (state === 'open' && !to.destroyed) to.write(data)
    }
    const now = performance.now()
    const at = Math.max(now + delayMs, due.get(to) ?? 0)
    if (at <= now) return write()
    due.set(to, at)
    setTimeout(write, at - now)
  }
  const server = createServer((incoming) => {
    if (state === 'cut') return void incoming.resetAndDestroy()
    const outgoing = connect(target, '127.0.0.1')
    let losesAnswer: Trap | undefined
    const reset = ({ sprung }: Trap) => {
      incoming.resetAndDestroy()
      outgoing.resetAndDestroy()
      sprung()
    }
    keep(incoming, () => outgoing.destroy())
    keep(outgoing, () => incoming.destroy())
    incoming.on('data', (data) => {
      const here = trap !== undefined && data.includes(trap.text) ? trap : undefined
      if (here !== undefined) trap = undefined
      if (here?.moment === 'before') return reset(here)
      losesAnswer ??= here
      pass(data, outgoing)
    })
    outgoing.on('data', (data) => {
      if (losesAnswer !== undefined) return reset(losesAnswer)
      pass(data, incoming)
    })
    incoming.once('end', () => outgoing.end())
    outgoing.once('end', () => incoming.end())
  })
  await listenOn(server)
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the relay has no port')
  return {
    port: address.port,
    get target() {
      return target
    },
    leadTo: (next) => {
      target = next
    },
    interrupt: end,
    cut: () => {
      state = 'cut'
      end()
    },
    swallow: () => {
      state = 'swallowing'
    },
    delay: (milliseconds) => {
      delayMs = milliseconds
    },
    cutAt: (text, moment) =>
      new Promise((resolve) => {
        trap = { text, moment, sprung: resolve }
      }),
    restore: () => {
      if (state === 'swallowing') end()
      state = 'open'
      delayMs = 0
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        end()
      }),
  }
}
