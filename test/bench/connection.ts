/**
 * One kept-alive HTTP connection of the load generator, thin enough that the generator does not become what is measured. Does
 * not follow redirects and knows no cookies: see sign-in-flow.
 */
import { Client } from 'undici'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

export interface Question {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Connection {
  ask(question: Question): Promise<Answer>
  close(): Promise<void>
}

/** `paths`: see `ServerProcess`. */
export function connectTo(origin: string, paths: Readonly<Record<string, string>> = {}): Connection {
  const client = new Client(origin)
  return {
    ask: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const chunks: Buffer[] = []
        let head: Pick<Answer, 'status' | 'headers'> = { status: 0, headers: {} }
        client.dispatch(
          { method, path: paths[path] ?? path, headers: { ...headers }, body: body ?? null },
          {
            onRequestStart: () => undefined,
            onResponseStart: (_controller, status, responseHeaders) => {
              head = { status, headers: responseHeaders }
            },
            onResponseData: (_controller, chunk) => void chunks.push(chunk),
            onResponseEnd: () => resolve({ ...head, body: Buffer.concat(chunks).toString('utf8') }),
            onResponseError: (_controller, error) => reject(error),
          },
        )
      }),
    close: () => client.close(),
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
