/** Group E, classes 85 to 89: what the servers tell the world of themselves, whoever asks and however. */
import { expect } from '@jest/globals'
import { authorizationServerMetadataUrls } from '../../src/oauth/well-known.js'
import { readJson } from '../authorization-server/server.js'
import { sendRaw } from '../http/raw-request.js'
import type { KnowledgeWorld, Row } from './knowledge-world.js'

const documents = ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration', '/jwks'] as const

const fetchJson = async (url: string) => readJson(await fetch(url))
const metadataOf = ({ jwt }: KnowledgeWorld) => fetchJson(`${jwt.server.issuer}${documents[0]}`)

const keys: readonly Row[] = [
  {
    id: 'E85',
    name: 'no private part of a key is published, and each says what it is for',
    source: 'OWASP ASVS 13.3.1, RFC 7517 §4',
    run: async ({ jwt }) => {
      const { keys: published } = await fetchJson(`${jwt.server.issuer}/jwks`)
      if (!Array.isArray(published)) throw new Error('no list of keys')
      expect(published.length).toBeGreaterThan(1)
      for (const key of published) {
        expect(Object.keys(key).filter((name) => /^(d|p|q|dp|dq|qi|k|oth|priv)$/.test(name))).toEqual([])
        expect(key).toMatchObject({
          kid: expect.any(String),
          alg: expect.stringMatching(/^(ES256|RS256)$/),
          use: 'sig',
        })
        expect(['EC', 'RSA']).toContain(key.kty)
        if (key.kty === 'RSA') expect(Buffer.from(key.n, 'base64url').length).toBeGreaterThanOrEqual(256)
      }
      expect(new Set(published.map(({ kid }) => kid)).size).toBe(published.length)
    },
  },
  {
    id: 'E85',
    name: 'keys are kept by others for a few minutes only',
    source: 'Logto post-mortem 2026-01-08',
    run: async ({ jwt }) => {
      const { headers } = await fetch(`${jwt.server.issuer}/jwks`)
      const maxAge = /max-age=(\d+)/.exec(headers.get('cache-control') ?? '')?.[1]
      expect(Number(maxAge)).toBeGreaterThan(0)
      expect(Number(maxAge)).toBeLessThanOrEqual(600)
    },
  },
  ...['POST', 'PUT', 'DELETE'].map(
    (method): Row => ({
      id: 'E85',
      name: `${method} changes no document`,
      source: 'RFC 8414 §3.1',
      run: async ({ jwt }) => {
        for (const path of documents) {
          const answer = await fetch(`${jwt.server.issuer}${path}`, { method, body: '{"keys":[]}' })
          expect([path, answer.status]).toEqual([path, 405])
          expect((await fetch(`${jwt.server.issuer}${path}`)).status).toBe(200)
        }
      },
    }),
  ),
]

/** The head of a request that lies about where it goes: refused, or answered as if it had not. */
const lies: readonly (readonly [string, (host: string) => readonly string[], number])[] = [
  ['Host: evil.example', () => ['Host: evil.example'], 421],
  ['Host with another port', () => ['Host: localhost:1'], 421],
  ['Host without its port', () => ['Host: localhost'], 421],
  ['Host with a user', (host) => [`Host: evil.example@${host}`], 421],
  ['Host with a dot behind', (host) => [`Host: ${host.replace(':', '.:')}`], 421],
  ['Host behind a path', (host) => [`Host: evil.example/${host}`], 421],
  ['Host behind a blank', (host) => [`Host: ${host} evil.example`], 421],
  ['two Hosts', (host) => [`Host: ${host}`, 'Host: evil.example'], 400],
  ['Host twice in one', (host) => [`Host: ${host}, evil.example`], 421],
  ['Host that is empty', () => ['Host:'], 421],
  ['Host as an IP address', (host) => [`Host: ${host.replace('localhost', '2130706433')}`], 421],
  ['Host in capitals', (host) => [`Host: ${host.toUpperCase()}`], 200],
  ...[
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Server: evil.example',
    'X-Forwarded-Proto: https',
    'X-Forwarded-Port: 1',
    'X-Forwarded-Prefix: /evil',
    'X-Forwarded-Scheme: javascript',
    'X-Host: evil.example',
    'X-HTTP-Host-Override: evil.example',
    'X-Original-Host: evil.example',
    'X-Original-URL: /evil',
    'X-Rewrite-URL: /evil',
    'Forwarded: host=evil.example;proto=https',
    'Origin: https://evil.example',
    'Referer: https://evil.example/',
  ].map((line) => [line, (host: string) => [`Host: ${host}`, line], 200] as const),
]

const hosts: readonly Row[] = [
  ...lies.map(
    ([name, head, status]): Row => ({
      id: 'E86',
      name: `${name} moves no endpoint`,
      source: 'CVE-2026-27959, CVE-2025-67494',
      run: async ({ jwt: { server } }) => {
        const { host, port } = new URL(server.issuer)
        for (const path of documents) {
          const honest = await sendRaw(Number(port), [`Host: ${host}`], path)
          const lied = await sendRaw(Number(port), head(host), path)
          expect([path, lied.status]).toEqual([path, status])
          expect(lied.body.includes('evil')).toBe(false)
          if (status === 200) expect(lied.body).toBe(honest.body)
        }
      },
    }),
  ),
  ...['http://evil.example', '//evil.example', 'http://evil.example@localhost'].map(
    (target): Row => ({
      id: 'E86',
      name: `the request target ${target} moves no endpoint`,
      source: 'RFC 9112 §3.2.2',
      run: async ({ jwt: { server } }) => {
        const { host, port } = new URL(server.issuer)
        const { status, body } = await sendRaw(Number(port), [`Host: ${host}`], `${target}${documents[0]}`)
        expect([404, 421]).toContain(status)
        expect(body.includes('"issuer"')).toBe(false)
      },
    }),
  ),
]

const never = /^(none|HS\d+|plain|RS1|A128CBC.*|RSA1_5)$/

const truths: readonly Row[] = [
  ...(
    [
      ['S256 alone', 'code_challenge_methods_supported', ['S256']],
      ['codes alone', 'response_types_supported', ['code']],
      ['no request objects', 'request_parameter_supported', undefined],
      ['no request_uri', 'request_uri_parameter_supported', false],
      ['answers with iss', 'authorization_response_iss_parameter_supported', true],
      ['clients that are URLs', 'client_id_metadata_document_supported', true],
    ] as const
  ).map(
    ([what, name, value]): Row => ({
      id: 'E87',
      name: `the metadata says ${what}`,
      source: 'CVE-2026-67336, MCP authorization 2026-07-28',
      run: async (world) => {
        const said = (await metadataOf(world))[name]
        expect([name, said === false && value === undefined ? undefined : said]).toEqual([name, value])
      },
    }),
  ),
  {
    id: 'E87',
    name: 'no list of algorithms, methods or grants names what is broken',
    source: 'RFC 8725 §2.1, RFC 9700 §2.4',
    run: async (world) => {
      const metadata = await metadataOf(world)
      const lists = Object.entries(metadata).filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]))
      expect(lists.length).toBeGreaterThan(8)
      // `none` of `prompt` is a question that shows no page (OpenID Connect Core §3.1.2.1).
      for (const [name, values] of lists.filter(([name]) => name !== 'prompt_values_supported')) {
        const isMethods = name.endsWith('endpoint_auth_methods_supported')
        const bad = values.filter((value) => never.test(String(value)) && !(isMethods && value === 'none'))
        expect([name, bad]).toEqual([name, []])
        expect(values).not.toContain('implicit')
        expect(values).not.toContain('password')
      }
    },
  },
  {
    id: 'E87',
    name: 'both documents say the same, and every endpoint in them is there',
    source: 'RFC 8414 §3.2',
    run: async (world) => {
      const { issuer } = world.jwt.server
      const [one, other] = await Promise.all(documents.slice(0, 2).map((path) => fetchJson(`${issuer}${path}`)))
      expect(other).toEqual(one)
      const urls = Object.entries(one ?? {}).filter(([name]) => /_(endpoint|uri)$/.test(name))
      expect(urls.length).toBeGreaterThan(7)
      for (const [name, url] of urls) {
        expect([name, String(url).startsWith(`${issuer}/`)]).toEqual([name, true])
        const [got, posted] = await Promise.all([fetch(String(url)), fetch(String(url), { method: 'POST' })])
        expect([name, got.status === 404 && posted.status === 404]).toEqual([name, false])
      }
    },
  },
  ...['/token', '/register', '/revoke', '/introspect', '/userinfo', '/par', '/device/authorize', ...documents].map(
    (path): Row => ({
      id: 'E87',
      name: `no page elsewhere may use a person's cookies at ${path}`,
      source: 'OWASP ASVS 3.4.2',
      run: async ({ jwt: { server } }) => {
        const headers = { origin: 'https://evil.example', 'access-control-request-method': 'POST' }
        for (const method of ['OPTIONS', 'POST', 'GET']) {
          const answer = await fetch(`${server.issuer}${path}`, { method, headers, redirect: 'manual' })
          expect([method, answer.headers.get('access-control-allow-credentials')]).toEqual([method, null])
        }
      },
    }),
  ),
  ...['/authorize', '/interaction/x', '/logout', '/device', '/setup', '/connect', '/'].map(
    (path): Row => ({
      id: 'E87',
      name: `no page elsewhere may read ${path}`,
      source: 'OWASP ASVS 3.4.2',
      run: async ({ jwt: { server } }) => {
        for (const origin of ['https://evil.example', 'null', server.issuer]) {
          const answer = await fetch(`${server.issuer}${path}`, { headers: { origin }, redirect: 'manual' })
          expect([origin, answer.headers.get('access-control-allow-origin')]).toEqual([origin, null])
        }
      },
    }),
  ),
]

const paths: readonly Row[] = [
  {
    id: 'E88',
    name: 'an issuer with a path has one document, wherever clients look for it',
    source: 'RFC 8414 §3.3, OpenID Connect Discovery §4',
    run: async ({ stack }) => {
      const urls = authorizationServerMetadataUrls(stack.issuer)
      expect(urls.length).toBeGreaterThan(2)
      for (const url of urls) expect([url, (await fetchJson(url))['issuer']]).toEqual([url, stack.issuer])
    },
  },
  ...[
    '/.well-known/oauth-authorization-server/tenants',
    '/.well-known/oauth-authorization-server/tenants/auth/x',
    '/.well-known/oauth-authorization-server/tenants/other',
    '/.well-known/oauth-authorization-server/Tenants/Auth',
    '/tenants/other/.well-known/openid-configuration',
    '/tenants/auth/../other/.well-known/openid-configuration',
    '/tenants/auth%2f.well-known/openid-configuration',
    '/tenantsauth/.well-known/openid-configuration',
    '/tenants/auth/tenants/auth/.well-known/openid-configuration',
    '/token',
    '/authorize',
    '/tenants/authx/token',
  ].map(
    (path): Row => ({
      id: 'E88',
      name: `an issuer with a path has nothing at ${path}`,
      source: 'RFC 8414 §3.3',
      run: async ({ stack }) => {
        const { host, port } = new URL(stack.issuer)
        expect((await sendRaw(Number(port), [`Host: ${host}`], path)).status).toBe(404)
      },
    }),
  ),
  {
    id: 'E89',
    name: 'a resource names itself without a slash at its end, its issuer exactly, and no offline_access',
    source: 'RFC 9728 §3.3, MCP authorization 2026-07-28',
    run: async ({ stack }) => {
      const { origin } = new URL(stack.resource)
      for (const path of ['', '/mcp']) {
        const document = await fetchJson(`${origin}/.well-known/oauth-protected-resource${path}`)
        expect(document).toMatchObject({ resource: stack.resource, authorization_servers: [stack.issuer] })
        expect(document['scopes_supported']).toEqual(['notes:read', 'notes:write'])
        expect(document['bearer_methods_supported']).toEqual(['header'])
      }
    },
  },
  ...['/other', '/mcp/x', '/mcpx', '/..%2fmcp', '/mcp%2f', '/MCP'].map(
    (path): Row => ({
      id: 'E89',
      name: `no resource is described at ${path}`,
      source: 'RFC 9728 §3.3',
      run: async ({ stack }) => {
        const { host, port } = new URL(stack.resource)
        const answer = await sendRaw(Number(port), [`Host: ${host}`], `/.well-known/oauth-protected-resource${path}`)
        expect(answer.status).toBe(404)
      },
    }),
  ),
  ...[
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'X-Forwarded-Proto: https',
    'Forwarded: host=evil.example',
  ].map(
    (line): Row => ({
      id: 'E89',
      name: `${line} moves no resource`,
      source: 'RFC 9728 §7.3, CVE-2026-27959',
      run: async ({ stack }) => {
        const { host, port } = new URL(stack.resource)
        const head = line.startsWith('Host:') ? [line] : [`Host: ${host}`, line]
        for (const path of ['/.well-known/oauth-protected-resource/mcp', '/mcp']) {
          const answer = await sendRaw(Number(port), [...head, 'Accept: application/json'], path)
          expect([path, answer.status]).toEqual([path, line.startsWith('Host:') ? 421 : path === '/mcp' ? 401 : 200])
          const told = `${answer.body} ${answer.headers.get('www-authenticate')}`
          expect(told.includes('evil') || told.includes('https://')).toBe(false)
        }
      },
    }),
  ),
]

export const attacks: readonly Row[] = [...keys, ...hosts, ...truths, ...paths]
