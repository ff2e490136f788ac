/** Sends an event stream of the SDK to the client, for as long as the token that opened it is valid. */
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { ReadableStream } from 'node:stream/web'

const longestTimerMs = 2 ** 31 - 1

/**
 * Resolves when the stream has ended, the client has gone, or `secondsLeft` are over: a stream must not outlive the right to
 * read it. Status and headers are the caller's.
 */
export async function sendEventStream(
  body: ReadableStream<Uint8Array>,
  response: ServerResponse,
  secondsLeft: number,
): Promise<void> {
  const reader = body.getReader()
  const stop = () => void reader.cancel().catch(() => undefined)
  const expiry = setTimeout(stop, Math.min(Math.max(secondsLeft, 0) * 1000, longestTimerMs))
  response.once('close', stop)
  try {
    response.flushHeaders()
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const isFull = !response.write(part.value)
      if (isFull && !response.destroyed) await Promise.race([once(response, 'drain'), once(response, 'close')])
    }
  } finally {
    clearTimeout(expiry)
    response.off('close', stop)
    response.end()
  }
}
