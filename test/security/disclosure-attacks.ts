/** Group I: what logs, errors and answers tell. */
import { expect } from '@jest/globals'
import { sessionCookie } from '../support/cookie-names.js'
import type { Row } from './http-world.js'
import { rawGet } from './sockets.js'

export const attacks: readonly Row[] = [
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
          headers: {
            cookie: `${sessionCookie(auth)}=${secret('cookie')}; ${sessionCookie(auth)}.sig=${secret('cookie')}`,
          },
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
      const session = sessionCookie(stack.issuer)
      const cookies = [
        `${session}=x`,
        `${session}=x; ${session}.sig=x`,
        `${session}=%00`,
        `${session}=%zz`,
        `${session}=${'x'.repeat(6_000)}`,
        '='.repeat(500),
        ';'.repeat(2_000),
        Array.from({ length: 300 }, (_, index) => `c${index}=x`).join('; '),
        `${session}="`,
        `${session}=x; ${session}=y`,
        `${session}=__proto__`,
      ]
      for (const cookie of cookies) {
        for (const path of [
          '/',
          '/connect',
          '/authorize?client_id=x',
          '/interaction/x',
          '/logout',
          '/device',
          '/setup',
        ]) {
          const { status, text } = await rawGet(stack.issuer, path, { cookie })
          expect([cookie.slice(0, 40), path, status < 500]).toEqual([cookie.slice(0, 40), path, true])
          expect(text).not.toContain('Signed in as')
        }
      }
    },
  },
]
