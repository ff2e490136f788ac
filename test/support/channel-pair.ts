/** Two ends of a channel, each message copied and later, as between processes. */
import type { MessageChannel } from '../../src/base/calls.js'

export interface ChannelEnd extends MessageChannel {
  /** As when the process at the other end is killed. */
  close(): void
}

export function channelPair(): readonly [ChannelEnd, ChannelEnd] {
  const listeners: ((message: unknown) => void)[][] = [[], []]
  const closers: (() => void)[] = []
  let isClosed = false
  const end = (own: 0 | 1): ChannelEnd => ({
    send: (message) => {
      const copy: unknown = structuredClone(message)
      setImmediate(() => {
        if (!isClosed) for (const listener of listeners[1 - own] ?? []) listener(copy)
      })
    },
    onMessage: (listener) => void listeners[own]?.push(listener),
    onClose: (listener) => void closers.push(listener),
    close: () => {
      isClosed = true
      for (const closer of closers) closer()
    },
  })
  return [end(0), end(1)]
}
