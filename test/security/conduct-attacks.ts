/** Group I, the rest: slow connections, what logs and errors tell, what must not be there at all. */
import { request } from 'node:http'
import { expect } from '@jest/globals'
import { type ConfigError, type Environment, parseConfig } from '../../src/config.js'
import { isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import type { Row } from './http-layer-attacks.js'
import { exchange } from './sockets.js'

/** A GET whose path and headers are sent as they are. */
function rawGet(
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

/** What no setting of an operator may be. */
function refusedSettings(name: string, source: string, environments: readonly Environment[]): Row {
  return {
    id: 'I143',
    name,
    source,
    run: async () => {
      for (const environment of environments) {
        let mistakes: readonly string[] = []
        try {
          parseConfig(environment, () => 'x')
        } catch (error) {
          mistakes = (error as ConfigError).mistakes
        }
        expect([environment, mistakes.length > 0]).toEqual([environment, true])
        // What was wrong is named, a secret is not repeated.
        expect(mistakes.join()).not.toContain('hunter2')
      }
    },
  }
}

const tellingRows: readonly Row[] = [
  {
    id: 'I138',
    name: 'line breaks, escapes and JSON in everything that is logged',
    source: 'Keycloak CVE-2023-6484, ASVS 16.4.1',
    run: async ({ stack }) => {
      const forged = '"}\r\n{"level":"error","msg":"forged","status":500}\u001b[2J'
      const encoded = encodeURIComponent(forged)
      const before = stack.logLines.length
      for (const origin of [stack.issuer, new URL(stack.resource).origin]) {
        await rawGet(origin, `/${encoded}`)
        await rawGet(origin, `/authorize?client_id=${encoded}&redirect_uri=${encoded}`)
        await rawGet(origin, '/nowhere', {
          'user-agent': '"}{',
          'x-request-id': 'forged-id',
          traceparent: 'forged',
          referer: '"}{',
        })
        await fetch(`${origin}/token`, {
          method: 'POST',
          body: new URLSearchParams({ client_id: forged, grant_type: forged, username: forged }),
        })
        await fetch(`${origin}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ client_name: forged, redirect_uris: [forged] }),
        })
      }
      const lines = stack.logLines.slice(before)
      expect(lines.length).toBeGreaterThanOrEqual(10)
      for (const line of lines) {
        const { msg, level, requestId } = JSON.parse(line)
        expect([msg === 'forged', level === 'error', requestId === 'forged-id']).toEqual([false, false, false])
        expect(['\n', '\r', '\u001b'].filter((character) => line.trimEnd().includes(character))).toEqual([])
      }
    },
  },
  {
    id: 'I139',
    name: 'secrets where confused clients put them: neither in the log nor in an answer',
    source: 'oidc-authorizer CVE-2026-19363, ASVS 16.2.5',
    run: async ({ stack, secrets }) => {
      let count = 0
      const secret = (what: string) => {
        count += 1
        const value = `${what}-never-to-be-seen-${count}`
        secrets.add(value)
        return value
      }
      const [auth, mcp] = [stack.issuer, stack.resource]
      const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
      const answers = await Promise.all([
        fetch(
          `${auth}/token?client_secret=${secret('secret')}&code=${secret('code')}`,
          form({
            grant_type: 'authorization_code',
            code: secret('code'),
            code_verifier: secret('verifier'),
            client_id: 'x',
            client_secret: secret('secret'),
          }),
        ),
        fetch(`${auth}/token`, {
          ...form({ grant_type: 'refresh_token', refresh_token: secret('refresh') }),
          headers: { authorization: `Basic ${Buffer.from(`x:${secret('secret')}`).toString('base64')}` },
        }),
        fetch(`${auth}/token`, form({ grant_type: 'password', username: 'ada', password: secret('password') })),
        fetch(`${auth}/token`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ client_secret: secret('secret') }),
        }),
        fetch(`${auth}/token`, form({ grant_type: secret('grant'), client_id: 'x' })),
        fetch(`${auth}/revoke`, form({ token: secret('token'), client_id: 'x' })),
        fetch(`${auth}/introspect`, form({ token: secret('token'), client_id: 'x', client_secret: secret('secret') })),
        fetch(`${auth}/userinfo?access_token=${secret('token')}`, {
          headers: { authorization: `Bearer ${secret('token')}` },
        }),
        fetch(
          `${auth}/authorize?client_id=x&client_secret=${secret('secret')}&state=${secret('state')}&login_hint=${secret('hint')}`,
        ),
        fetch(`${auth}/authorize?client_id=x&request=${secret('request')}`),
        fetch(`${auth}/register`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret('invitation')}`, 'content-type': 'application/json' },
          body: '{}',
        }),
        fetch(`${auth}/setup?token=${secret('setup')}`),
        fetch(`${auth}/logout?id_token_hint=${secret('hint')}`),
        fetch(`${auth}/`, {
          headers: { cookie: `gatehouse_session=${secret('cookie')}; gatehouse_session.sig=${secret('cookie')}` },
        }),
        fetch(`${auth}/nowhere?${secret('query')}`, { headers: { referer: `${auth}/cb?code=${secret('code')}` } }),
        fetch(`${mcp}?access_token=${secret('token')}`, {
          method: 'POST',
          headers: { authorization: `Bearer ${secret('token')}`, dpop: secret('proof') },
        }),
        fetch(mcp, { headers: { authorization: `Basic ${secret('secret')}`, cookie: secret('cookie') } }),
      ])
      for (const answer of answers) {
        const told = `${JSON.stringify([...answer.headers])}${await answer.text()}`
        expect([answer.url.slice(0, 60), answer.status < 500, told.includes('never-to-be-seen')]).toEqual([
          answer.url.slice(0, 60),
          true,
          false,
        ])
      }
    },
  },
  {
    id: 'I140',
    name: 'input that breaks parsers: one clear error, and nothing of the program in it',
    source: 'ASVS 16.5.1, workers-oauth-provider 0.8.3',
    run: async ({ stack }) => {
      const types = [
        '',
        ';',
        '/',
        'application',
        'application/json;charset',
        'a/b; c="',
        'multipart/form-data',
        '\u00ff/x',
      ]
      const encodings = ['', 'gzip', 'deflate', 'br', 'x', 'gzip, gzip']
      for (const path of [
        '/token',
        '/revoke',
        '/introspect',
        '/par',
        '/register',
        '/device',
        '/device/authorize',
        '/logout',
        '/userinfo',
        '/authorize',
      ]) {
        for (const type of types) {
          const answer = await fetch(`${stack.issuer}${path}`, {
            method: 'POST',
            redirect: 'manual',
            headers: type === '' ? {} : { 'content-type': type },
            body: Buffer.from([0xff, 0x00, 0x7b]),
          })
          const text = await answer.text()
          expect([path, type, answer.status < 500]).toEqual([path, type, true])
          expect(text).not.toMatch(/\bat .*\.(?:js|ts):\d+|node_modules|SyntaxError|TypeError|Prisma|Koa/)
          expect(answer.headers.get('x-powered-by') ?? answer.headers.get('server')).toBeNull()
        }
        for (const encoding of encodings) {
          const answer = await fetch(`${stack.issuer}${path}`, {
            method: 'POST',
            redirect: 'manual',
            headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-encoding': encoding },
            body: 'a=b',
          })
          expect([path, encoding, answer.status < 500]).toEqual([path, encoding, true])
        }
      }
    },
  },
  {
    id: 'I140',
    name: 'cookies that are too many, too long, unsigned, or signed for somebody else',
    source: 'authentik CVE-2026-25748, ASVS 3.3',
    run: async ({ stack }) => {
      const cookies = [
        'gatehouse_session=x',
        'gatehouse_session=x; gatehouse_session.sig=x',
        'gatehouse_session=%00',
        'gatehouse_session=%zz',
        `gatehouse_session=${'x'.repeat(6_000)}`,
        '='.repeat(500),
        ';'.repeat(2_000),
        Array.from({ length: 300 }, (_, index) => `c${index}=x`).join('; '),
        'gatehouse_session="',
        'gatehouse_session=x; gatehouse_session=y',
        'gatehouse_session=__proto__',
      ]
      for (const cookie of cookies) {
        for (const path of ['/', '/authorize?client_id=x', '/interaction/x', '/logout', '/device', '/setup']) {
          const { status, text } = await rawGet(stack.issuer, path, { cookie })
          expect([cookie.slice(0, 40), path, status < 500]).toEqual([cookie.slice(0, 40), path, true])
          expect(text).not.toContain('Signed in as')
        }
      }
    },
  },
]

const absentRows: readonly Row[] = [
  {
    id: 'I141',
    name: 'administration, metrics, diagnostics and their files on the public ports',
    source: 'CVE-2024-3656, CVE-2026-25227',
    run: async ({ stack }) => {
      const paths = [
        '/admin',
        '/admin/',
        '/api',
        '/api/users',
        '/api/v1/clients',
        '/clients',
        '/accounts',
        '/users',
        '/console',
        '/manage',
        '/management',
        '/metrics',
        '/prometheus',
        '/debug',
        '/debug/pprof',
        '/debug/vars',
        '/actuator',
        '/actuator/env',
        '/status',
        '/server-status',
        '/stats',
        '/info',
        '/version',
        '/graphql',
        '/swagger',
        '/openapi.json',
        '/docs',
        '/realms/master',
        '/oauth2/auth',
        '/self-service',
        '/scim/v2/Users',
        '/.well-known/security.txt/..',
        '/config',
        '/config.json',
        '/env',
        '/.env',
        '/.git/HEAD',
        '/backup.sql',
        '/data',
        '/data/encryption.key',
        '/dump',
        '/logs',
        '/test',
        '/phpmyadmin',
        '/node_modules',
        '/dist/main.js',
        '/trace',
        '/keys',
        '/health',
        '/healthz',
      ]
      const headers = { authorization: 'Bearer x', accept: 'application/json' }
      for (const origin of [stack.issuer, new URL(stack.resource).origin]) {
        for (const path of paths) {
          const { status } = await rawGet(origin, path, headers)
          expect([path, status]).toEqual([path, 404])
        }
      }
    },
  },
  {
    id: 'I141',
    name: 'accounts that everybody tries first',
    source: 'ASVS 6.3.2',
    run: async ({ stack }) => {
      const grant = await newGrant(stack)
      const browser = stack.newBrowser()
      let page = pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url))
      for (const [email, password] of [
        ['admin', 'admin'],
        ['admin@example.com', 'admin'],
        ['root', 'root'],
        ['admin@localhost', 'changeme'],
        [stack.account.email, stack.account.email],
        [stack.account.email, ''],
      ] as const) {
        page = pageOf(await signIn(browser, page, { email, password }))
        expect([email, isSignInPage(page)]).toEqual([email, true])
      }
    },
  },
  {
    id: 'I141',
    name: 'the set-up of a first account, once there is one',
    source: 'CVE-2026-105215',
    run: async ({ stack }) => {
      for (const path of [
        '/setup',
        '/setup?token=',
        '/setup?token=x',
        '/setup?token[]=x',
        '/setup?token=x&token=y',
        '/SETUP?token=x',
        '/setup/?token=x',
      ]) {
        const { status } = await rawGet(stack.issuer, path)
        expect([path, [400, 404].includes(status)]).toEqual([path, true])
        const posted = await fetch(`${stack.issuer}${path}`, {
          method: 'POST',
          redirect: 'manual',
          body: new URLSearchParams({ email: 'mallory@example.com', password: 'a long enough pass phrase' }),
        })
        expect([path, posted.status >= 400 && posted.status < 500]).toEqual([path, true])
      }
    },
  },
  {
    id: 'I142',
    name: 'a sign-in of somebody else, by its address',
    source: 'RFC 9700 §4.7, ASVS 8.2.2',
    run: async ({ stack }) => {
      const grant = await newGrant(stack)
      const page = pageOf(
        await stack.newBrowser().open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url),
      )
      const stranger = stack.newBrowser()
      for (const path of ['', '/consent', '/sign-in', '/abort', '/..', '?x']) {
        const arrival = pageOf(await stranger.open(`${page.url}${path}`))
        expect([path, arrival.status >= 400 && arrival.status < 500]).toEqual([path, true])
        const fields = {
          email: stack.account.email,
          password: stack.account.password,
          decision: 'allow',
          scope: 'notes:read',
        }
        const posted = pageOf(await stranger.post(`${page.url}${path}`, fields))
        expect([path, posted.status >= 400 && posted.status < 500]).toEqual([path, true])
      }
    },
  },
  refusedSettings('an issuer or a resource without TLS, off this machine', 'RFC 8414 §2, RFC 9728 §2', [
    { ISSUER_URL: 'http://auth.example.com' },
    { ISSUER_URL: 'http://localhost.example.com' },
    { ISSUER_URL: 'http://10.0.0.1:3000' },
    { RESOURCE_URL: 'http://mcp.example.com/mcp' },
    { ISSUER_URL: 'https://auth.example.com/?x=1' },
    { ISSUER_URL: 'https://auth.example.com/#x' },
    { ISSUER_URL: 'https://ada:hunter2@auth.example.com' },
    { ISSUER_URL: 'javascript:alert(1)' },
  ]),
  refusedSettings('switches for development, where people are', 'CVE-2026-33505', [
    {
      ISSUER_URL: 'https://auth.example.com',
      RESOURCE_URL: 'https://mcp.example.com/mcp',
      dangerouslyAllowLoopbackClientMetadata: 'true',
    },
    { ALLOWED_ORIGINS: '*' },
    { TRUSTED_PROXIES: '*' },
    { TRUSTED_PROXIES: 'all' },
    { ALLOWED_PRIVATE_USE_REDIRECTS: 'javascript:alert(1)' },
    { ALLOWED_PRIVATE_USE_REDIRECTS: '*' },
    { ACCESS_TOKEN_TTL_SECONDS: '31536000' },
    { ACCESS_TOKEN_TTL_SECONDS: '0' },
    { ACCESS_TOKEN_FORMAT: 'none' },
  ]),
  refusedSettings('secrets that are short, and settings nobody knows', 'CVE-2026-33505, ASVS 13.2', [
    { ENCRYPTION_KEY: 'hunter2' },
    { ENCRYPTION_KEY: '0' },
    { MCP_SERVER_SECRET: 'hunter2' },
    { BOOTSTRAP_EMAIL: 'ada@example.com' },
    { BOOTSTRAP_PASSWORD: 'hunter2' },
    { GATEHOUSE_ISSUER_URL: 'https://auth.example.com' },
    { ISSUER_URL_FILE: '/x', ISSUER_URL: 'https://auth.example.com' },
    { DATABASE_URL: 'mysql://root:hunter2@db/x' },
  ]),
]

const slowRows: readonly Row[] = [
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

export const attacks: readonly Row[] = [...tellingRows, ...absentRows, ...slowRows]
