/** For the attacks by bytes on a socket: both servers, on each row that does not name one. */
import { expect } from '@jest/globals'
import type { Stack } from '../support/stack.js'
import type { Attack, AttackedWorld } from './attack.js'
import { exchange, type SlowSockets } from './sockets.js'

export interface HttpWorld extends AttackedWorld {
  readonly stack: Stack
  readonly ports: readonly number[]
  /** Two hundred connections, opened first, that never finish a header. */
  readonly slow: SlowSockets
}

export type Row = Attack<HttpWorld>

type Id = Row['id']

/** `HOST` stands for the host that is asked. */
type Bytes = string | Buffer

export function forHost(bytes: Bytes, port: number): Bytes {
  return typeof bytes === 'string' ? bytes.replaceAll('HOST', `localhost:${port}`) : bytes
}

/** Each is answered once, with one of the statuses, or not at all; nothing in it is read as a second request. */
export function refusedBytes(
  id: Id,
  name: string,
  source: string,
  statuses: readonly number[],
  requests: readonly Bytes[],
): Row {
  return {
    id,
    name,
    source,
    run: async ({ ports }) => {
      const wrong = []
      for (const port of ports) {
        for (const request of requests) {
          const answer = await exchange(port, forHost(request, port))
          const isRefused = answer.statuses.every((status) => statuses.includes(status)) && answer.statuses.length <= 1
          if (!isRefused || answer.text.includes('"live"'))
            wrong.push([port, String(request).slice(0, 120), answer.statuses])
        }
      }
      expect(wrong).toEqual([])
    },
  }
}
