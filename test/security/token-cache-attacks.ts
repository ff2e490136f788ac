/** Group H: what is remembered of tokens and of their issuer, and an issuer that is away. */
import { expect } from '@jest/globals'
import { startMcpTestServer } from '../mcp-host/mcp-test-server.js'
import { createSigningKey } from '../support/token-issuer.js'
import { goodToken, type Row, whoami } from './resource-world.js'

export const attacks: readonly Row[] = [
  {
    id: 'H127',
    name: 'a bent token right after the good one it was made of',
    source: 'fast-jwt CVE-2026-35039',
    run: async (world) => {
      const token = await goodToken(world, undefined, 'cached')
      const [header = '', payload = '', signature = ''] = token.split('.')
      const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
      const other = Buffer.from(JSON.stringify({ ...Object(claims), sub: 'somebody-else' })).toString('base64url')
      const bent = [
        `${header}.${other}.${signature}`,
        `${header}.${payload}.${signature.slice(0, -4)}AAAA`,
        `${header}.${payload}.`,
        `${header}.${payload}`,
        `${token}A`,
        token.slice(0, -1),
      ]
      for (const presented of bent) {
        expect((await world.server.post(whoami, token)).status).toBe(200)
        expect((await world.server.post(whoami, presented)).status).toBe(401)
      }
    },
  },
  {
    id: 'H132',
    name: 'twelve people at once, each told of nobody else',
    source: 'CVE-2026-25536, CVE-2026-35039',
    run: async (world) => {
      const people = Array.from({ length: 12 }, (_, index) => `person-${index}-end`)
      const tokens = await Promise.all(people.map((person) => goodToken(world, 'notes:read', person)))
      for (let round = 0; round < 3; round += 1) {
        const answers = await Promise.all(tokens.map(async (token) => (await world.server.post(whoami, token)).text()))
        for (const [index, text] of answers.entries())
          expect(people.filter((person) => text.includes(person))).toEqual([people[index]])
      }
    },
  },
  {
    id: 'H129',
    name: 'twenty unknown keys, one after the other: the issuer is not asked for each',
    source: 'ASVS 16.5.3, RFC 7517',
    run: async ({ server }) => {
      const stranger = await createSigningKey('key-x')
      expect((await server.post(whoami, await server.token())).status).toBe(200)
      const before = server.issuer.hits.get('/jwks') ?? 0
      for (let count = 0; count < 20; count += 1) {
        const token = await server.issuer.sign({}, { kid: `made-up-${count}` }, stranger.privateKey)
        expect((await server.post(whoami, token)).status).toBe(401)
      }
      expect((server.issuer.hits.get('/jwks') ?? 0) - before).toBeLessThanOrEqual(2)
    },
  },
  {
    id: 'H129',
    name: 'an issuer that is away, breaks, or answers nonsense: 503 or 401, never 200',
    source: 'ASVS 16.5.3',
    run: async () => {
      const lonely = await startMcpTestServer()
      try {
        const { routes, issuer } = lonely.issuer
        const good = new Map(routes)
        const metadata = '/.well-known/oauth-authorization-server'
        const stranger = await createSigningKey('key-1')
        const broken: readonly (readonly [string, Parameters<typeof routes.set>[1]])[] = [
          ['/jwks', { status: 500, body: {} }],
          ['/jwks', { body: { keys: [] } }],
          ['/jwks', { body: { keys: 'x' } }],
          ['/jwks', { body: 'x' }],
          ['/jwks', { body: { keys: [{ kty: 'oct', k: 'c2VjcmV0', kid: 'key-1', alg: 'HS256' }] } }],
          [metadata, { body: { issuer: 'https://evil.example', jwks_uri: `${issuer}/jwks` } }],
          [metadata, { body: { issuer } }],
          [metadata, { body: { issuer, jwks_uri: 'file:///etc/passwd' } }],
        ]
        for (const [path, answer] of broken) {
          routes.set(path, answer)
          const forged = await lonely.issuer.sign({}, {}, stranger.privateKey)
          for (const token of [await lonely.token(), forged, 'x']) {
            const { status } = await lonely.post(whoami, token)
            expect([path, answer, [401, 503].includes(status)]).toEqual([path, answer, true])
          }
          for (const [key, value] of good) routes.set(key, value)
        }
      } finally {
        await lonely.close()
      }
    },
  },
  {
    id: 'H129',
    name: 'an issuer that goes away: keys that are known go on, others are refused',
    source: 'ASVS 16.5.3',
    run: async () => {
      const lonely = await startMcpTestServer()
      try {
        expect((await lonely.post(whoami, await lonely.token())).status).toBe(200)
        lonely.issuer.routes.clear()
        expect((await lonely.post(whoami, await lonely.token())).status).toBe(200)
        const stranger = await createSigningKey('key-9')
        const forged = await lonely.issuer.sign({}, { kid: 'key-9' }, stranger.privateKey)
        expect([401, 503]).toContain((await lonely.post(whoami, forged)).status)
      } finally {
        await lonely.close()
      }
    },
  },
]
