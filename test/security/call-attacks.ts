/** Group H, the rest: what a good token does not cover, other hosts and paths, caches, and an issuer that is away. */
import { expect } from '@jest/globals'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { callTool, connect, type McpTestServer, startMcpTestServer, toolCall } from '../mcp-server/mcp-test-server.js'
import { sendRaw } from '../platform/raw-request.js'
import { createDpopKey } from '../support/dpop-key.js'
import { createSigningKey } from '../support/token-issuer.js'
import { goodToken, type Row, whoami } from './resource-server-attacks.js'

const json = ['Content-Type: application/json', 'Accept: application/json, text/event-stream']

/** Notes of a person, as that person sees them. */
async function notesOf(server: McpTestServer, user: string): Promise<string> {
  return (await server.post(toolCall('list_notes'), await server.token(undefined, user))).text()
}

const planted = { title: 'planted', body: 'x' }

const scopeRows: readonly Row[] = [
  {
    id: 'H123',
    name: 'scopes that only look like the one that is needed',
    source: 'RFC 6749 §3.3, RFC 6750 §3.1',
    run: async ({ server }) => {
      for (const scope of [
        'notes:readall',
        'NOTES:READ',
        'notes:rea',
        'notes:*',
        '*',
        'notes',
        'notes:read,notes:write',
        'notes:read;',
        'xnotes:read',
        'notes\u003aread\u200b',
        'notes:read\u0000',
        'admin root',
        'offline_access openid',
        '["notes:read"]',
        'notes:write:x',
        'delete notes',
      ]) {
        const answer = await server.post(toolCall('list_notes'), await server.token(scope))
        const {
          error,
          scope: asked,
          resource_metadata: metadata,
        } = parseChallenge(answer.headers.get('www-authenticate') ?? '')?.parameters ?? {}
        expect([scope, answer.status, error]).toEqual([scope, 403, 'insufficient_scope'])
        expect(asked?.split(' ')).toContain('notes:read')
        expect(metadata).toContain('/.well-known/oauth-protected-resource')
      }
    },
  },
  {
    id: 'H123',
    name: 'a call whose headers say something else than its body',
    source: 'MCP 2026-07-28 (header mirroring), Obot 0.21.1',
    run: async ({ server }) => {
      const token = await server.token('notes:read', 'mirror')
      for (const name of ['whoami', 'list_notes', 'create_note', 'x', '']) {
        for (const method of ['tools/call', 'tools/list', 'ping', '']) {
          const headers = { 'mcp-method': method, 'mcp-name': name, 'mcp-protocol-version': '2026-07-28' }
          const { status } = await server.post(toolCall('create_note', planted), token, headers)
          expect([method, name, [400, 403].includes(status)]).toEqual([method, name, true])
        }
      }
      expect(await notesOf(server, 'mirror')).not.toContain('planted')
    },
  },
  {
    id: 'H123',
    name: 'a tool beyond the scope, called in every envelope',
    source: 'Obot 0.21.1, Langflow CVE-2026-7663',
    run: async ({ server }) => {
      const token = await server.token('notes:read', 'envelope')
      const call = toolCall('create_note', planted)
      const bodies: readonly unknown[] = [
        [call],
        [toolCall('whoami'), call],
        [[call]],
        { ...call, id: null },
        { ...call, id: undefined },
        { ...call, jsonrpc: '1.0' },
        { ...call, method: 'tools/call\u0000' },
        { ...call, method: ['tools/call'] },
        { ...call, params: { name: 'create_note\u0000', arguments: planted } },
        { ...call, params: { name: 'CREATE_NOTE', arguments: planted } },
        { ...call, params: { name: 'create_note ', arguments: planted } },
        { ...call, params: { task: {}, name: 'create_note', arguments: planted } },
        { jsonrpc: '2.0', id: 1, method: 'tasks/result', params: { taskId: '1' } },
        { jsonrpc: '2.0', id: 1, method: 'tasks/list', params: {} },
        { jsonrpc: '2.0', id: 1, result: { content: [] } },
        { 0: call, length: 1 },
      ]
      for (const body of bodies) expect((await server.post(body, token)).status).toBeLessThan(500)
      expect(await notesOf(server, 'envelope')).not.toContain('planted')
    },
  },
  {
    id: 'H123',
    name: 'the scope of one person used on the notes of another',
    source: 'ASVS 8.2.2, CVE-2026-52870',
    run: async ({ server }) => {
      const owner = await connect(server, await server.token(undefined, 'note-owner'))
      const { id } = (await callTool(owner, 'create_note', { title: 'mine', body: 'private' })).data
      await owner.close()
      for (const subject of ['stranger', 'note-owner ', 'NOTE-OWNER', 'note-owner/../x', '%', "' OR '1'='1"]) {
        const token = await server.token(undefined, subject)
        for (const name of ['read_note', 'update_note', 'delete_note']) {
          expect((await server.post(toolCall(name, { id: `${id}\0`, ...planted }), token)).status).toBeLessThan(500)
          const answer = await server.post(toolCall(name, { id, ...planted }), token)
          const text = await answer.text()
          expect([subject, name, answer.status < 500, text.includes('private')]).toEqual([subject, name, true, false])
        }
      }
      expect(await notesOf(server, 'note-owner')).toContain('mine')
    },
  },
]

const bindingRows: readonly Row[] = [
  {
    id: 'H126',
    name: 'a bound token as a plain one, and a plain one as bound',
    source: 'RFC 9449 §7.1, §7.2',
    run: async ({ server, secrets }) => {
      const key = await createDpopKey()
      const bound = await server.token(undefined, 'user-1', { cnf: { jkt: key.thumbprint } })
      const proof = await key.prove({ url: server.url, token: bound })
      secrets.add(bound).add(proof)
      expect((await server.post(whoami, bound)).status).toBe(401)
      expect((await server.post(whoami, bound, { dpop: proof })).status).toBe(401)
      const plain = await server.token()
      const ofPlain = await key.prove({ url: server.url, token: plain })
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${plain}`, dpop: ofPlain })).status).toBe(401)
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${bound}`, dpop: proof })).status).toBe(200)
      expect((await server.post(whoami, undefined, { authorization: `DPoP ${bound}`, dpop: proof })).status).toBe(401)
    },
  },
  {
    id: 'H126',
    name: 'one proof, twenty requests at the same moment',
    source: 'RFC 9449 §11.1',
    run: async ({ server }) => {
      const key = await createDpopKey()
      const token = await server.token(undefined, 'user-1', { cnf: { jkt: key.thumbprint } })
      const headers = { authorization: `DPoP ${token}`, dpop: await key.prove({ url: server.url, token }) }
      const answers = await Promise.all(Array.from({ length: 20 }, () => server.post(whoami, undefined, headers)))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([200, ...Array.from({ length: 19 }, () => 401)])
    },
  },
]

const cacheRows: readonly Row[] = [
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

const placeRows: readonly Row[] = [
  {
    id: 'H130',
    name: 'other spellings of the endpoint’s path, without a token',
    source: 'CVE-2026-32871, ASVS 4.1.3',
    run: async ({ server }) => {
      const { host, port } = new URL(server.url)
      const body = JSON.stringify(toolCall('create_note', planted))
      const head = [`Host: ${host}`, ...json, `Content-Length: ${body.length}`]
      for (const path of [
        '/mcp',
        '/mcp/',
        '/MCP',
        '//mcp',
        '/mcp//',
        '/./mcp',
        '/x/../mcp',
        '/mcp/.',
        '/mcp/..',
        '/mcp%2f',
        '/%6dcp',
        '/mcp;x=1',
        '/mcp/..;/',
        '/mcp?',
        '/mcp#x',
        '/mcp%00',
        '/mcp\\',
        '/mcp/sse',
        '/sse',
        '/message',
        '/messages',
        '/mcp.json',
        '/health/../mcp',
        '/assets/../mcp',
        '/.well-known/../mcp',
        `http://${host}/mcp`,
      ]) {
        const { status } = await sendRaw(Number(port), head, path, body)
        expect([path, [400, 401, 404].includes(status)]).toEqual([path, true])
      }
    },
  },
  {
    id: 'H130',
    name: 'other methods, with and without a token',
    source: 'workers-oauth-provider 0.9, RFC 9110 §9',
    run: async (world) => {
      const { url } = world.server
      const authorization = `Bearer ${await goodToken(world)}`
      for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD', 'REPORT', 'PROPFIND', 'LOCK', 'QUERY']) {
        expect([method, (await fetch(url, { method })).status]).toEqual([method, 401])
        const { status } = await fetch(url, { method, headers: { authorization } })
        expect([method, [400, 404, 405].includes(status)]).toEqual([method, true])
      }
    },
  },
  {
    id: 'H131',
    name: 'hosts that this server does not have (DNS rebinding)',
    source: 'CVE-2025-66414',
    run: async (world) => {
      const { port } = new URL(world.server.url)
      const body = JSON.stringify(whoami)
      const bearer = `Authorization: Bearer ${await goodToken(world)}`
      for (const host of [
        'evil.example',
        `evil.example:${port}`,
        `localhost:${port}`,
        '127.0.0.1',
        '127.0.0.1:1',
        `127.0.0.1.evil.example:${port}`,
        `evil.example@127.0.0.1:${port}`,
        `[::1]:${port}`,
        `127.0.0.1:${port}.`,
        `127.1:${port}`,
        '',
      ]) {
        const { status } = await sendRaw(
          Number(port),
          [`Host: ${host}`, ...json, `X-Forwarded-Host: 127.0.0.1:${port}`, bearer, `Content-Length: ${body.length}`],
          '/mcp',
          body,
        )
        expect([host, [400, 421].includes(status)]).toEqual([host, true])
      }
    },
  },
  {
    id: 'H131',
    name: 'pages of origins that are not on the list',
    source: 'CVE-2025-66414, MCP transports',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const { port } = new URL(server.url)
      for (const origin of [
        'https://evil.example',
        'null',
        'http://evil.example',
        `http://127.0.0.1.evil.example:${port}`,
        `http://evil.example:${port}`,
        'chrome-extension://x',
        'file://',
        `${server.origin}.evil.example`,
        `http://evil@127.0.0.1:${port}`,
        'https://localhost.evil.example',
        'http://localhost@evil.example',
        'data:',
        `${server.origin} https://evil.example`,
      ]) {
        expect([origin, (await server.post(whoami, token, { origin })).status]).toEqual([origin, 403])
      }
    },
  },
  {
    id: 'H133',
    name: 'the token in a tool’s result, an error, a header or a request to somebody else',
    source: 'MCP token passthrough',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const [, , signature = ''] = token.split('.')
      const tools = [
        'whoami',
        'list_notes',
        'search_notes',
        'read_note',
        'create_note',
        'update_note',
        'delete_note',
        'x',
      ]
      for (const name of tools) {
        const answer = await server.post(toolCall(name, { id: 'x', query: 'x', ...planted }), token)
        const told = `${JSON.stringify([...answer.headers])}${await answer.text()}`
        expect([name, told.includes(signature)]).toEqual([name, false])
      }
      // The issuer is asked for its documents alone.
      expect([...server.issuer.hits.keys()].toSorted()).toEqual(['/.well-known/oauth-authorization-server', '/jwks'])
    },
  },
]

export const attacks: readonly Row[] = [...scopeRows, ...bindingRows, ...cacheRows, ...placeRows]
