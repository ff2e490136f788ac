/** Group I: other protocols on the same port. */
import { randomBytes } from 'node:crypto'
import { expect } from '@jest/globals'
import { type Row, refusedBytes } from './http-world.js'
import { exchange } from './sockets.js'

const hello = Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), randomBytes(180)])

export const attacks: readonly Row[] = [
  refusedBytes(
    'I136',
    'other protocols: HTTP/2, TLS, SSH, SMTP, Redis, noise',
    'CVE-2026-21714, RFC 9113 §3.4',
    [400],
    [
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0000\u0000\u0004\u0000\u0000\u0000\u0000\u0000',
      hello,
      'SSH-2.0-OpenSSH_9.6\r\n',
      'EHLO evil.example\r\nMAIL FROM:<x>\r\n',
      '*1\r\n$4\r\nPING\r\n',
      randomBytes(4_096),
      Buffer.alloc(4_096),
      Buffer.alloc(4_096, 0xff),
      '\u0000\u0000\u0000\u0008\u0004\u00d2\u0016\u002f',
    ],
  ),
  {
    id: 'I136',
    name: 'an upgrade to something else is not taken',
    source: 'RFC 9110 §7.8, CVE-2026-21714',
    run: async ({ ports }) => {
      const upgrades = [
        ['websocket', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', 'Sec-WebSocket-Version: 13'],
        ['h2c', 'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA', 'X: y'],
        ['TLS/1.0', 'X: y', 'X: y'],
      ] as const
      for (const [index, port] of ports.entries()) {
        for (const [protocol, ...head] of upgrades) {
          const { statuses } = await exchange(
            port,
            `GET /nowhere HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${head.join('\r\n')}\r\n\r\n`,
          )
          // The authorization server refuses what any page can open before it looks at the path (A7).
          const status = index === 0 && protocol === 'websocket' ? 400 : 404
          expect([protocol, statuses]).toEqual([protocol, [status]])
        }
      }
    },
  },
  refusedBytes(
    'I136',
    'headers and targets beyond any measure',
    'Node CVE-2026-21717, ASVS 4.2.5',
    [400, 413, 414, 421, 431],
    [
      `GET /jwks HTTP/1.1\r\nHost: HOST\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      `GET /jwks HTTP/1.1\r\nHost: HOST\r\n${'x'.repeat(70_000)}: y\r\n\r\n`,
      `GET /${'x'.repeat(70_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`,
      `GET /jwks?${'x'.repeat(70_000)} HTTP/1.1\r\nHost: HOST\r\n\r\n`,
      `GET /jwks HTTP/1.1\r\nHost: HOST\r\n${Array.from({ length: 5_000 }, (_, index) => `X-${index}: y\r\n`).join('')}\r\n`,
      // Two thousand that fit: what comes after the thousandth is not looked at, so Host may not come there.
      `GET /jwks HTTP/1.1\r\n${'a:\r\n'.repeat(2_000)}Host: HOST\r\n\r\n`,
      `GET /jwks HTTP/1.1\r\nHost: HOST\r\nCookie: ${'a=b; '.repeat(4_000)}\r\n\r\n`,
      `GET /jwks HTTP/1.1\r\nHost: ${'h'.repeat(10_000)}\r\n\r\n`,
    ],
  ),
  {
    id: 'I136',
    name: 'headers with the names of every object’s members',
    source: 'Node CVE-2026-21710, CWE-1321',
    run: async ({ stack }) => {
      const { port } = new URL(stack.issuer)
      const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf']
      const head = names.map((name) => `${name}: polluted\r\n`).join('')
      for (const at of [Number(port), Number(new URL(stack.resource).port)]) {
        const { statuses } = await exchange(
          at,
          `GET /health/live HTTP/1.1\r\nHost: localhost:${at}\r\n${head}Cookie: __proto__=polluted; constructor=x\r\n\r\n`,
        )
        expect(statuses).toEqual([200])
      }
    },
  },
]
