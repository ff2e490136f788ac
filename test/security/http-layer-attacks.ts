/** Group I: bytes on a socket. Both servers, on each row that does not name one. */
import { randomBytes } from 'node:crypto'
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

/** Planted behind each request: whoever answers it has read one request as two. */
const smuggled = 'GET /health/live HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n'

function forHost(bytes: Bytes, port: number): Bytes {
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

const post = (...head: readonly string[]) =>
  `POST /token HTTP/1.1\r\nHost: HOST\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`
const get = (...head: readonly string[]) =>
  `GET /health/live HTTP/1.1\r\nHost: HOST\r\n${head.map((line) => `${line}\r\n`).join('')}\r\n`

const framingRows: readonly Row[] = [
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

const targetRows: readonly Row[] = [
  refusedBytes(
    'I135',
    'no Host, two of them, or one that is none of ours',
    'RFC 9112 §3.2, CVE-2026-27959',
    [400, 421],
    [
      'GET /jwks HTTP/1.1\r\n\r\n',
      'GET /jwks HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n',
      'GET /jwks HTTP/1.1\r\nHost: HOST\r\nhost: evil.example\r\n\r\n',
      'GET /jwks HTTP/1.1\r\nhOST: evil.example\r\nHost: HOST\r\n\r\n',
      ...[
        '',
        'evil.example',
        'HOST, evil.example',
        'HOST evil.example',
        'HOST/x',
        'evil.example@HOST',
        'HOST@evil.example',
        'HOST:1',
        'http://HOST',
        'HOST.',
        '.HOST',
        '[HOST]',
        '[::1',
        'xHOST',
        '%6cocalhost',
        'localhost:',
        '\u007f',
        '*',
      ].map((host) => `GET /jwks HTTP/1.1\r\nHost: ${host}\r\n\r\n`),
    ],
  ),
  refusedBytes(
    'I135',
    'absolute targets of another host',
    'RFC 9112 §3.2.2',
    [400, 404, 421],
    [
      'GET http://evil.example/jwks HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET https://HOST@evil.example/jwks HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET //evil.example/jwks HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET file:///etc/passwd HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET javascript:alert(1) HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET evil.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET ://HOST/jwks HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET http:// HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET ? HTTP/1.1\r\nHost: HOST\r\n\r\n',
    ],
  ),
  refusedBytes(
    'I135',
    'request lines of another protocol or grammar',
    'RFC 9112 §3',
    [400, 404, 405, 505],
    [
      'GET /health/live\r\n\r\n',
      'GET /health/live HTTP/0.9\r\nHost: HOST\r\n\r\n',
      'GET /health/live HTTP/2.0\r\nHost: HOST\r\n\r\n',
      'GET /health/live HTTP/9.9\r\nHost: HOST\r\n\r\n',
      'GET /health/live http/1.1\r\nHost: HOST\r\n\r\n',
      'GET /health/live HTTPS/1.1\r\nHost: HOST\r\n\r\n',
      'get /health/live HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET/health/live HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET\t/health/live\tHTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET /health/live evil HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET /health/\u0000live HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'GET /health/\u0001live HTTP/1.1\r\nHost: HOST\r\n\r\n',
      'HELO mail.example\r\n\r\n',
      'BREW / HTTP/1.1\r\nHost: HOST\r\n\r\n',
      `${'A'.repeat(5_000)} / HTTP/1.1\r\nHost: HOST\r\n\r\n`,
      'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n',
      'CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n',
    ],
  ),
  refusedBytes(
    'I135',
    'paths that leave the folder of assets, or hide where they lead',
    'ASVS 4.1.3, CVE-2024-1132',
    [400, 401, 404, 431],
    [
      ...[
        '/assets/../../package.json',
        '/../../../../etc/passwd',
        '/assets/..%2f..%2fpackage.json',
        '/assets/%2e%2e/%2e%2e/package.json',
        '/assets/....//....//package.json',
        '/assets/..;/..;/package.json',
        '/assets/..\\..\\package.json',
        '/%5c..%5c..%5cetc%5cpasswd',
        '/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd',
        '/%252e%252e/%252e%252e/etc/passwd',
        '/assets/%00',
        '/assets/style.css%00.html',
        '/%',
        '/%zz',
        '/%u002e%u002e/',
        '/.git/config',
        '/.env',
        '/package.json',
        '/views/login.ejs',
        '/prisma/schema.prisma',
        '/\u00ff\u00fe',
        '/health/live/..',
        '/health/live%2f',
        '/health//live',
        `/${'a/'.repeat(3_000)}`,
        `/${'%41'.repeat(3_000)}`,
      ].map((path) => `GET ${path} HTTP/1.1\r\nHost: HOST\r\n\r\n`),
    ],
  ),
  {
    id: 'I135',
    name: 'methods nobody serves, and methods by another name',
    source: 'RFC 9110 §9, workers-oauth-provider 0.9',
    run: async ({ stack, ports }) => {
      for (const port of ports) {
        for (const method of [
          'TRACE',
          'TRACK',
          'DEBUG',
          'PROPFIND',
          'MOVE',
          'PURGE',
          'SEARCH',
          'LINK',
          'SUBSCRIBE',
          'MKCOL',
        ]) {
          const answer = await exchange(
            port,
            `${method} /token HTTP/1.1\r\nHost: localhost:${port}\r\nX-Echo: a-secret-header\r\n\r\n`,
          )
          expect([method, answer.statuses.filter((status) => status < 400 || status >= 500)]).toEqual([method, []])
          expect(answer.text).not.toContain('a-secret-header')
        }
      }
      for (const header of ['x-http-method-override', 'x-http-method', 'x-method-override', '_method']) {
        const { status } = await fetch(`${stack.issuer}/token?_method=POST`, { headers: { [header]: 'POST' } })
        expect([header, status]).toEqual([header, 404])
      }
    },
  },
  {
    id: 'I135',
    name: 'headers that some frameworks let replace the path, the host or the scheme',
    source: 'CVE-2026-27959, RFC 9700 §4.13',
    run: async ({ stack }) => {
      const evil = {
        'x-original-url': '/health/live',
        'x-rewrite-url': '/health/live',
        'x-forwarded-prefix': '/evil',
        'x-forwarded-host': 'evil.example',
        'x-host': 'evil.example',
        'x-forwarded-server': 'evil.example',
        'x-forwarded-proto': 'gopher',
        'x-forwarded-port': '6666',
        forwarded: 'host=evil.example;proto=gopher',
        'x-forwarded-for': '198.51.100.66',
      }
      for (const url of [
        `${stack.issuer}/.well-known/openid-configuration`,
        `${stack.issuer}/nowhere`,
        stack.resource,
        `${new URL(stack.resource).origin}/.well-known/oauth-protected-resource`,
      ]) {
        const [plain, bent] = [await fetch(url), await fetch(url, { headers: evil })]
        expect([url, bent.status]).toEqual([url, plain.status])
        const told = `${JSON.stringify([...bent.headers])}${await bent.text()}`
        expect(told).not.toMatch(/evil|gopher|6666|198\.51/)
      }
      expect(stack.logLines.join()).not.toContain('198.51.100.66')
    },
  },
]

const hello = Buffer.concat([Buffer.from('16030100c8010000c40303', 'hex'), randomBytes(180)])

const otherProtocols: readonly Row[] = [
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
      for (const port of ports) {
        for (const [protocol, ...head] of upgrades) {
          const { statuses } = await exchange(
            port,
            `GET /nowhere HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n${head.join('\r\n')}\r\n\r\n`,
          )
          expect([protocol, statuses]).toEqual([protocol, [404]])
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

export const attacks: readonly Row[] = [...framingRows, ...targetRows, ...otherProtocols]
