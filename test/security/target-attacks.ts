/** Group I: targets, hosts and heads that are no request of HTTP/1.1. */
import { expect } from '@jest/globals'
import { type Row, refusedBytes } from './http-world.js'
import { exchange } from './sockets.js'

export const attacks: readonly Row[] = [
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
        expect([header, status]).toEqual([header, 405])
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
