/** Bytes to a port and back, as no HTTP client would send them. */
import { request } from 'node:http'
import { connect } from 'node:net'

export interface Exchange {
  /** Of every response, in their order. */
  readonly statuses: readonly number[]
  readonly text: string
}

const statusLine = /(?:^|\n|\})HTTP\/1\.[01] (\d{3}) /g

/** Until nobody waits any longer for a server that wants more bytes; and for a second answer where there should be one. */
const silenceMs = 2_000
const secondAnswerMs = 50

/**
 * Sends the bytes and reads until the server ends the connection. This side ends it when there are as many `answers` as are waited
 * for, or, if none are named, a moment after the first. (Node gives up a request whose sender ended its half.)
 */
export function exchange(port: number, bytes: string | Buffer, answers?: number): Promise<Exchange> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    let text = ''
    let timer = setTimeout(() => answers === undefined && socket.end(), silenceMs)
    const statuses = () => [...text.matchAll(statusLine)].map(([, status]) => Number(status))
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
      if (statuses().length < (answers ?? 1)) return
      clearTimeout(timer)
      timer = setTimeout(() => socket.end(), secondAnswerMs)
    })
    // A reset is one way to refuse.
    socket.on('error', () => undefined)
    socket.once('close', () => {
      clearTimeout(timer)
      resolve({ statuses: statuses(), text })
    })
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  })
}

export interface SlowSockets {
  readonly count: number
  /** Resolves when the server has ended all of them. */
  readonly gone: Promise<void>
  close(): void
}

/** Opens connections that send this much, and then nothing for ever. */
export function openSlowSockets(port: number, count: number, beginnings: readonly string[]): SlowSockets {
  const sockets = Array.from({ length: count }, (_, index) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: false })
    socket.on('error', () => undefined)
    socket.write(beginnings[index % beginnings.length] ?? '')
    socket.resume()
    return socket
  })
  const closed = sockets.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())))
  return {
    count,
    gone: Promise.all(closed).then(() => undefined),
    close: () => {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A GET whose path and headers are sent as they are. */
export function rawGet(
  url: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; text: string }> {
  const { port, host } = new URL(url)
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, headers: { host, ...headers } }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: `${JSON.stringify(response.headers)}${text}` }),
      )
    })
    sent.on('error', reject).end()
  })
}
