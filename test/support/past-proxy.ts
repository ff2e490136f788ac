/** Requests to one server past the proxy, in its words: a server answers under its public host only. */
import { once } from 'node:events'
import { type IncomingMessage, request } from 'node:http'
import { text } from 'node:stream/consumers'
import type { StackProcess } from './stack-process.js'

export interface PastProxy {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The address it comes from: any of 127.0.0.0/8. */
  readonly from?: string
}

export const portOf = ({ origins: [origin = ''] }: StackProcess): number => Number(new URL(origin).port)

/** Rejects when the connection is refused or cut. */
export async function askPastProxy(
  server: StackProcess,
  path: string,
  { method = 'GET', headers = {}, body, from }: PastProxy = {},
): Promise<{ readonly status: number; readonly headers: IncomingMessage['headers']; readonly text: string }> {
  const asked = request({
    ...{ host: '127.0.0.1', port: portOf(server), path, method, agent: false },
    ...(from === undefined ? {} : { localAddress: from }),
    headers: {
      host: new URL(server.issuer).host,
      ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
      ...headers,
    },
  })
  asked.end(body)
  const [answer] = (await once(asked, 'response')) as [IncomingMessage]
  return { status: answer.statusCode ?? 0, headers: answer.headers, text: await text(answer) }
}
