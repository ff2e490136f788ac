/** Sends an event stream of the SDK to the client, as long as the token that opened it is accepted. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ReadableStream } from 'node:stream/web'

/** How long a stream may be read. */
export interface RightToRead {
  /** Until the token expires. */
  readonly secondsLeft: number
  /** Calls `end` if the token is revoked before that. Returns a function that stops watching. */
  watch(end: () => void): () => void
}

const longestTimerMs = 2 ** 31 - 1

/**
 * Resolves when the stream has ended, the client has closed the connection, or the token is no longer valid, which ends the stream. The
 * caller sets status and headers.
 */
export async function sendEventStream(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  right: RightToRead,
): Promise<void> {
  const reader = body.getReader()
  const stop = () => void reader.cancel().catch(() => undefined)
  const expiry = setTimeout(stop, Math.min(Math.max(right.secondsLeft, 0) * 1000, longestTimerMs))
  const unwatch = right.watch(stop)
  response.once('close', stop)
  try {
    response.flushHeaders()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const isFull = !response.write(part.value)
      if (isFull && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  } finally {
    clearTimeout(expiry)
    unwatch()
    response.off('close', stop)
    response.end()
  }
}
