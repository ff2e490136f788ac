/** Group I: connections that never finish a request. */
import { expect } from '@jest/globals'
import type { Row } from './http-world.js'
import { exchange } from './sockets.js'

export const attacks: readonly Row[] = [
  {
    id: 'I137',
    name: 'two hundred connections that never finish a request: others are served meanwhile, and all are ended',
    source: 'ASVS 15.1.3, RFC 6585',
    run: async ({ stack, ports, slow }) => {
      for (const port of ports) {
        const { statuses } = await exchange(port, `GET /health/ready HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`, 1)
        expect(statuses).toEqual([200])
      }
      expect((await fetch(`${stack.issuer}/jwks`)).status).toBe(200)
      expect(slow.count).toBe(200)
      // Within 15 seconds of their beginning; Node alone needs a minute and a half.
      await slow.gone
    },
  },
]
