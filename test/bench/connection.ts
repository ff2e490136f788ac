/**
 * One kept-alive HTTP connection of the load generator. A client for everyday use costs twice as much time for a request as our
 * server needs for its keys, so that the generator would be what is measured: this one writes a string and looks for the end of
 * the answer. Does not follow redirects and knows no cookies: see sign-in-flow.
 */
import net from 'node:net'
import { performance } from 'node:perf_hooks'
import { type Answer, AnswerParser } from './answer-parser.js'

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Lower-case names. `host` is the connection's own unless it is among them. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Connection {
  /** One at a time. Rejects when the connection is lost before the answer, or what comes is not HTTP. */
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** Node's server ends a connection that was idle for five seconds; what is sent at that moment would be lost. */
const idleMs = 3_000

interface Waiting {
  resolve(answer: Answer): void
  reject(error: Error): void
}

/** `paths`: see `ServerProcess`. */
export function connectTo(origin: string, paths: Readonly<Record<string, string>> = {}): Connection {
  const { hostname, port, host } = new URL(origin)
  let socket: net.Socket | undefined
  let usedAt = 0
  let waiting: Waiting | undefined

  const settle = (use: (one: Waiting) => void) => {
    const one = waiting
    waiting = undefined
    if (one !== undefined) use(one)
  }

  const connect = (): net.Socket => {
    const opened = net.connect({ host: hostname, port: Number(port), noDelay: true })
    const parser = new AnswerParser()
    const lose = (error: Error) => {
      opened.destroy()
      if (socket !== opened) return
      socket = undefined
      settle(({ reject }) => reject(error))
    }
    opened.on('data', (arrived) => {
      try {
        const answer = parser.add(arrived)
        if (answer !== undefined) settle(({ resolve }) => resolve(answer))
      } catch (error) {
        lose(error instanceof Error ? error : new Error(String(error)))
      }
    })
    opened.on('error', lose)
    opened.on('close', () => lose(new Error('the server closed the connection')))
    return opened
  }

  const usable = (): net.Socket => {
    const now = performance.now()
    if (socket !== undefined && now - usedAt > idleMs) {
      const stale = socket
      socket = undefined
      stale.destroy()
    }
    usedAt = now
    socket ??= connect()
    return socket
  }

  return {
    ask: ({ method, path, headers = {}, body }) =>
      new Promise((resolve, reject) => {
        let head = `${method} ${paths[path] ?? path} HTTP/1.1\r\n`
        if (headers['host'] === undefined) head += `host: ${host}\r\n`
        for (const name in headers) head += `${name}: ${headers[name]}\r\n`
        if (body !== undefined) head += `content-length: ${Buffer.byteLength(body)}\r\n`
        waiting = { resolve, reject }
        usable().write(`${head}\r\n${body ?? ''}`)
      }),
    close: async () => void socket?.destroy(),
  }
}

export const formHeaders = { 'content-type': 'application/x-www-form-urlencoded' } as const

/** A form body. */
export function form(fields: Readonly<Record<string, string>>): string {
  return new URLSearchParams(fields).toString()
}

/** Throws unless the status is the expected one: a wrong answer must never count as a fast one. */
export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status) {
    throw new Error(`expected status ${status}, got ${answer.status}: ${answer.body.slice(0, 300)}`)
  }
  return answer
}
