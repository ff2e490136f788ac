/** Group I: requests whose end two readers would see in different places. */
import { expect } from '@jest/globals'
import { forHost, type Row, refusedBytes } from './http-world.js'
import { exchange } from './sockets.js'

/** Planted behind each request: whoever answers it has read one request as two. */
const smuggled = 'GET /health/live HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n'

const post = (...head: readonly string[]) =>
  `POST /token HTTP/1.1\r\nHost: HOST\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`

const get = (...head: readonly string[]) =>
  `GET /health/live HTTP/1.1\r\nHost: HOST\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`

export const attacks: readonly Row[] = [
  {
    id: 'I134',
    name: 'two whole requests in one packet are two, each answered in its turn',
    source: 'RFC 9112 §9.3.2',
    run: async ({ ports }) => {
      for (const port of ports) {
        const { statuses } = await exchange(port, forHost(get() + smuggled, port), 2)
        expect(statuses).toEqual([200, 200])
      }
    },
  },
  refusedBytes(
    'I134',
    'a length and chunks at once',
    'RFC 9112 §6.1, ASVS 4.2.1',
    [400],
    [
      `${post('Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
      `${post('Transfer-Encoding: chunked', 'Content-Length: 4')}0\r\n\r\n${smuggled}`,
      `${post('Content-Length: 0', 'Transfer-Encoding: chunked')}0\r\n\r\n${smuggled}`,
      `${post('Transfer-Encoding: chunked', 'Content-length:5')}0\r\n\r\n${smuggled}`,
    ],
  ),
  refusedBytes(
    'I134',
    'lengths that are two, or none',
    'RFC 9112 §6.3, RFC 9110 §8.6',
    [400],
    [
      post('Content-Length: 0', 'Content-Length: 60') + smuggled,
      `${post('Content-Length: 5', 'Content-Length: 5')}a=b&c${smuggled}`,
      post('Content-Length: 0, 60') + smuggled,
      ...['+5', '-1', '0x5', '1e1', '5.0', '5 5', '5a', '""', '\u0665', '99999999999999999999999'].map(
        (length) => `${post(`Content-Length: ${length}`)}a=b&c${smuggled}`,
      ),
    ],
  ),
  refusedBytes(
    'I134',
    'codings that are not chunked at the end',
    'RFC 9112 §6.1',
    [400, 501],
    [
      ...[
        'xchunked',
        'chunkedx',
        'identity',
        'chunked, identity',
        'chunked, gzip',
        'gzip',
        'x',
        '"chunked"',
        'chunked;q=1',
      ].map((coding) => `${post(`Transfer-Encoding: ${coding}`)}0\r\n\r\n${smuggled}`),
      `${post('Transfer-Encoding : chunked')}0\r\n\r\n${smuggled}`,
      `${post('Transfer-Encoding:\u000bchunked')}0\r\n\r\n${smuggled}`,
      `${post('Transfer-Encoding: identity', 'Transfer-Encoding: chunked, x')}0\r\n\r\n${smuggled}`,
      `${post('X: x', ' Transfer-Encoding: chunked', 'Content-Length : 4')}0\r\n\r\n${smuggled}`,
    ],
  ),
  refusedBytes(
    'I134',
    'chunks that are none',
    'RFC 9112 §7.1',
    [400, 413],
    [
      ...['x', '-1', '0x5', '+5', '5 5', 'ffffffffffffffffff', '', ' 5', '5\n', ';x'].map(
        (size) => `${post('Transfer-Encoding: chunked')}${size}\r\na=b&c\r\n0\r\n\r\n${smuggled}`,
      ),
      `${post('Transfer-Encoding: chunked')}5\r\na=b&cX0\r\n\r\n${smuggled}`,
      `${post('Transfer-Encoding: chunked')}5\na=b&c\n0\n\n${smuggled}`,
      `${post('Transfer-Encoding: chunked')}5;${'x'.repeat(100_000)}\r\na=b&c\r\n0\r\n\r\n${smuggled}`,
    ],
  ),
  refusedBytes(
    'I134',
    'headers that parsers read differently',
    'RFC 9112 §5',
    [400],
    [
      get('X: a', ' folded: b'),
      get('X: a', '\tTransfer-Encoding: chunked'),
      get('X : a'),
      get(' X: a'),
      get(': a'),
      get('no colon'),
      get('X\u0000: a'),
      get('X: a\u0000b'),
      get('X: a\rX-Evil: b'),
      get('X(y): a'),
      get('X y: a'),
      get('Ho\u017ft: evil.example'),
      'GET /health/live HTTP/1.1\nHost: HOST\n\n',
      'GET /health/live HTTP/1.1\r\nHost: HOST\nX: y\r\n\r\n',
      'GET /health/live HTTP/1.1\rHost: HOST\r\r',
    ],
  ),
  {
    id: 'I134',
    name: 'trailers are no headers',
    source: 'RFC 9110 §6.5.1',
    run: async ({ stack, ports: [, mcp = 0] }) => {
      const body = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
      const head = `POST ${new URL(stack.resource).pathname} HTTP/1.1\r\nHost: localhost:${mcp}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nTrailer: Authorization\r\n\r\n`
      const { statuses } = await exchange(
        mcp,
        `${head}${body.length.toString(16)}\r\n${body}\r\n0\r\nAuthorization: Bearer x\r\nHost: evil.example\r\n\r\n`,
      )
      expect(statuses).toEqual([401])
    },
  },
]
