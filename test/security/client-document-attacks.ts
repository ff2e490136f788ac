/** Group G: clients that name themselves by URL (CIMD). What a stranger makes this server dial, read and believe. */
import { gzipSync } from 'node:zlib'
import { expect } from '@jest/globals'
import { readJson, resource, type TestServer } from '../authorization-server/server.js'
import { consent, isConsentPage, isSignInPage, signIn } from '../support/authorization.js'
import { type Page, pageOf } from '../support/browser.js'
import { type Answer, clientDocument, type DocumentHost } from '../support/document-host.js'
import { eventually } from '../support/eventually.js'
import { redeem, requestTokens, type ServerMetadata, startAuthorization } from '../support/oauth-client.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface DocumentWorld extends AttackedWorld {
  readonly host: DocumentHost
  /** May dial loopback, where `host` is. */
  readonly server: TestServer
  /** As in production: dials public addresses alone. */
  readonly strict: TestServer
  readonly metadata: ServerMetadata
  /** Where names lead, asked in turn, the last one for ever; others lead to loopback. */
  readonly names: Map<string, string[]>
  /** Ports of servers with a certificate that nobody trusts, and without TLS. */
  readonly selfSignedPort: number
  readonly plainPort: number
}

type Row = Attack<DocumentWorld>
type Id = Row['id']

const redirectUri = 'http://127.0.0.1:53682/callback'

async function open({ issuer, newBrowser }: TestServer, clientId: string): Promise<Page> {
  const endpoints = { authorization_endpoint: `${issuer}/authorize` }
  const { url } = startAuthorization(endpoints, { clientId, redirectUri, scope: 'notes:read', resource })
  return pageOf(await newBrowser().open(url))
}

let count = 0

/** A path of its own for each document, so that no cache is in the way. */
function publish(
  { host }: DocumentWorld,
  answer: Answer = {},
  changes: Readonly<Record<string, unknown>> = {},
): string {
  count += 1
  const path = `/attack-${count}.json`
  return host.publish(path, { body: clientDocument(`${host.origin}${path}`, changes), ...answer })
}

const pathOf = (url: string) => new URL(url).pathname

/** Nothing is dialled for any of these identifiers, and each is answered with a page of status 400. */
function neverDialled(
  name: string,
  source: string,
  identifiers: (port: string) => readonly string[],
  id: Id = 'G101',
): Row {
  return {
    id,
    name,
    source,
    run: async ({ host, server, strict }) => {
      const before = host.connections()
      for (const clientId of identifiers(new URL(host.origin).port)) {
        for (const asked of [server, strict]) {
          const { status, headers } = await open(asked, clientId)
          expect([clientId, status, headers.get('location')]).toEqual([clientId, 400, null])
        }
      }
      expect(host.connections()).toBe(before)
    },
  }
}

/** Each answer of the host makes no client: one page, the same for all. */
function refusedDocuments(
  id: Id,
  name: string,
  source: string,
  answers: readonly (readonly [string, Answer, Readonly<Record<string, unknown>>?])[],
): Row {
  return {
    id,
    name,
    source,
    run: async (world) => {
      for (const [what, answer, changes] of answers) {
        const page = await open(world.server, publish(world, answer, changes))
        expect([what, page.status, page.text.includes('We could not check this program')]).toEqual([what, 400, true])
        expect(page.headers.get('location')).toBeNull()
      }
    },
  }
}

const document = (changes: Readonly<Record<string, unknown>>) =>
  [JSON.stringify(changes).slice(0, 60), {}, changes] as const

const specialAddresses: readonly (readonly [string, string])[] = [
  ['10.0.0.1', 'RFC 1918'],
  ['172.16.0.1', 'RFC 1918'],
  ['192.168.255.255', 'RFC 1918'],
  ['100.64.0.1', 'RFC 6598'],
  ['169.254.169.254', 'metadata of clouds'],
  ['169.254.170.2', 'metadata of containers'],
  ['192.0.0.192', 'metadata of a cloud'],
  ['192.0.2.1', 'RFC 5737'],
  ['198.18.0.1', 'RFC 2544'],
  ['198.51.100.1', 'RFC 5737'],
  ['203.0.113.1', 'RFC 5737'],
  ['224.0.0.1', 'multicast'],
  ['240.0.0.1', 'reserved'],
  ['255.255.255.255', 'broadcast'],
  ['0.0.0.0', 'this host'],
  ['0.1.2.3', 'this network'],
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['::ffff:127.0.0.1', 'mapped'],
  ['::ffff:10.0.0.1', 'mapped'],
  ['::ffff:a9fe:a9fe', 'mapped metadata'],
  ['::127.0.0.1', 'compatible'],
  ['64:ff9b::7f00:1', 'NAT64'],
  ['64:ff9b::a9fe:a9fe', 'NAT64 metadata'],
  ['64:ff9b:1::1', 'local NAT64'],
  ['2002:7f00:1::', '6to4'],
  ['2002:a9fe:a9fe::1', '6to4 metadata'],
  ['2001::1', 'Teredo'],
  ['2001:db8::1', 'documentation'],
  ['fc00::1', 'unique local'],
  ['fd00:ec2::254', 'metadata of a cloud'],
  ['fe80::1', 'link-local'],
  ['fec0::1', 'site-local'],
  ['ff02::1', 'multicast'],
  ['100::1', 'discard'],
]

const dialRows: readonly Row[] = [
  neverDialled('loopback in spellings that parsers take for it', 'CIMD §6, RFC 9700 §4.11', (port) =>
    [
      '127.0.0.1',
      'localhost.',
      '127.1',
      '127.0.1',
      '2130706433',
      '0x7f.1',
      '0x7f000001',
      '0177.0.0.1',
      '017700000001',
      '0.0.0.0',
      '0',
      '[::]',
      '[::1]',
      '[::ffff:7f00:1]',
      '[::ffff:127.0.0.1]',
      '[0:0:0:0:0:0:0:1]',
      '127.0.0.1.',
      '\u0661\u0662\u0667.0.0.1',
      '\uff11\uff12\uff17.0.0.1',
      '127\u30020\u30020\u30021',
      '\u24db\u24de\u24d2al\u24d7ost',
      '%6c%6fcalhost',
      'LOCALHOST',
      '127.0.0.1%00',
      '[::1%25lo]',
    ].map((name) => `https://${name}:${port}/client.json`),
  ),
  neverDialled('other schemes, and https that is not spelled out', 'CIMD §3, Keycloak CVE-2026-4366', (port) => [
    `http://client.example:${port}/client.json`,
    `HTTPS://client.example:${port}/client.json`,
    `https:client.example:${port}/client.json`,
    `https:/client.example:${port}/client.json`,
    `https:///client.example:${port}/client.json`,
    `https:\\\\client.example:${port}\\client.json`,
    `https://client.example:${port}\\client.json`,
    ` https://client.example:${port}/client.json`,
    `https://client.example:${port}/client.json `,
    `h\tttps://client.example:${port}/client.json`,
    `https://client.example:${port}/cli\nent.json`,
    'ftp://client.example/client.json',
    'file:///etc/passwd',
    'data:application/json,{}',
    'gopher://client.example:70/x',
    'dict://client.example:11211/stats',
    'jar:https://client.example!/client.json',
    'wss://client.example/client.json',
  ]),
  neverDialled('URLs that would name somebody else', 'CIMD §3', (port) => [
    `https://client.example:${port}`,
    `https://client.example:${port}/#x`,
    `https://client.example:${port}/client.json#`,
    `https://ada@client.example:${port}/client.json`,
    `https://ada:pass@client.example:${port}/client.json`,
    `https://@client.example:${port}/client.json`,
    `https://claude.ai@client.example:${port}/client.json`,
    `https://CLIENT.example:${port}/client.json`,
    `https://client.example.:${port}/client.json`,
    `https://client.example:0${port}/client.json`,
    'https://client.example:443/client.json',
    'https://client.example:/client.json',
    'https://client.example:99999/client.json',
    `https://client.example:${port}/../client.json`,
    `https://client.example:${port}/a/./client.json`,
    `https://client.example:${port}/%2e%2e/client.json`,
    `https://client.example:${port}/a/%2E/client.json`,
    `https://client.example:${port}/\u202ejson.client`,
    `https://cl\u0456ent.example:${port}/client.json`,
    `https://client.example:${port}/${'x'.repeat(1_100)}`,
    `https://client.example:${port}/client json`,
    `https://*.example:${port}/client.json`,
  ]),
  neverDialled(
    'hosts that the operator denied, in other spellings',
    'Zitadel CVE-2024-49753',
    (port) => [
      `https://denied.example:${port}/client.json`,
      `https://DENIED.example:${port}/client.json`,
      `https://denied.example.:${port}/client.json`,
      `https://a.denied.example:${port}/client.json`,
      `https://a.b.denied.example:${port}/client.json`,
      `https://%64enied.example:${port}/client.json`,
      `https://d\u0435nied.example@denied.example:${port}/client.json`,
      `https://x@denied.example:${port}/client.json`,
    ],
    'G102',
  ),
  {
    id: 'G101',
    name: 'names that lead to addresses of RFC 6890',
    source: 'CIMD §6, RFC 6890',
    run: async ({ strict, server, names }) => {
      for (const [index, [address, what]] of specialAddresses.entries()) {
        const name = `special-${index}.example`
        names.set(name, [address])
        const isLoopback = what === 'loopback' || address === '::ffff:127.0.0.1'
        for (const asked of isLoopback ? [strict] : [strict, server]) {
          const before = asked.logLines.length
          expect([address, (await open(asked, `https://${name}/client.json`)).status]).toEqual([address, 400])
          expect([address, asked.logLines.slice(before).join()]).toEqual([
            address,
            expect.stringContaining('not public'),
          ])
        }
      }
    },
  },
  {
    id: 'G103',
    name: 'a name that changes its mind, and one that leads to two places',
    source: 'MCP security best practices (TOCTOU, DNS rebinding)',
    run: async (world) => {
      const { host, server, names } = world
      const { port } = new URL(host.origin)
      names.set('rebinding.example', ['127.0.0.1', '10.0.0.1'])
      names.set('mixed.example', ['127.0.0.1+10.0.0.1'])
      names.set('mixed-six.example', ['127.0.0.1+fd00::1'])
      names.set('empty.example', [''])
      const before = host.connections()
      for (const name of ['mixed.example', 'mixed-six.example', 'empty.example'])
        expect([name, (await open(server, `https://${name}:${port}/x.json`)).status]).toEqual([name, 400])
      expect(host.connections()).toBe(before)
      // The first time to loopback, where the certificate is another one's; from then on nothing is dialled.
      await open(server, `https://rebinding.example:${port}/1.json`)
      expect(host.connections()).toBe(before + 1)
      for (const path of ['2', '3']) await open(server, `https://rebinding.example:${port}/${path}.json`)
      expect(host.connections()).toBe(before + 1)
    },
  },
  {
    id: 'G104',
    name: 'no endpoint tells a closed port from a private address, a missing document or a wrong one',
    source: 'Keycloak CVE-2026-1180',
    run: async (world) => {
      const { host, server, plainPort, selfSignedPort } = world
      world.names.set('private.example', ['10.0.0.1'])
      const unreachable = () => [
        publish(world, { status: 404 }),
        publish(world, { body: 'root:x:0:0' }),
        publish(world, { status: 302, headers: { location: 'https://private.example/' } }),
        `https://private.example/${count}.json`,
        `https://private.example:22/${count}.json`,
        `https://client.example:${plainPort}/${count}.json`,
        `https://client.example:${selfSignedPort}/${count}.json`,
        `https://other.example:${new URL(host.origin).port}/${count}.json`,
        'https://client.example:1/client.json',
      ]
      const endpoints: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
        ['/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
        [
          '/token',
          { grant_type: 'authorization_code', code: 'x', redirect_uri: redirectUri, code_verifier: 'v'.repeat(43) },
        ],
        ['/par', { response_type: 'code', redirect_uri: redirectUri }],
        ['/device/authorize', { scope: 'notes:read' }],
        ['/revoke', { token: 'x' }],
        ['/introspect', { token: 'x' }],
      ]
      for (const [path, fields] of endpoints) {
        const answers = new Set<string>()
        for (const clientId of unreachable()) {
          const body = new URLSearchParams({ ...fields, client_id: clientId })
          const answer = await fetch(`${server.issuer}${path}`, { method: 'POST', body })
          answers.add(JSON.stringify([answer.status, await readJson(answer)]))
        }
        expect([path, [...answers]]).toEqual([path, [expect.stringMatching(/^\[[45]\d\d,/)]])
        expect([...answers].join()).not.toMatch(/root|ECONN|public|404/)
      }
      // Where a page answers, it does not say either.
      const pages = await Promise.all(
        unreachable().map((id) => fetch(`${server.issuer}/logout?client_id=${encodeURIComponent(id)}`)),
      )
      expect(new Set(pages.map(({ status }) => status)).size).toBe(1)
    },
  },
  {
    id: 'G105',
    name: 'redirects are not followed, and no status but 200 makes a client',
    source: 'CIMD §4, Keycloak CVE-2026-4366',
    run: async (world) => {
      const { host, server } = world
      const target = publish(world)
      for (const status of [
        201, 202, 203, 204, 206, 300, 301, 302, 303, 304, 305, 307, 308, 400, 401, 404, 410, 429, 500, 503,
      ]) {
        for (const location of [target, pathOf(target), '//client.example/x', 'file:///etc/passwd']) {
          if (location !== target && (status < 300 || status >= 400)) continue
          const clientId = publish(world, {
            status,
            headers: { location, refresh: `0; url=${target}`, link: `<${target}>; rel="canonical"` },
          })
          expect([status, (await open(server, clientId)).status]).toEqual([status, 400])
        }
      }
      expect(host.requests(pathOf(target))).toEqual([])
    },
  },
  {
    id: 'G114',
    name: 'certificates that nobody vouches for, of another name, and none at all',
    source: 'CVE-2025-3501, RFC 9110 §4.3.4',
    note: 'an expired one: test/platform/untrusted-fetch.test.ts',
    run: async ({ server, host, plainPort, selfSignedPort }) => {
      const places = [
        `client.example:${selfSignedPort}`,
        `client.example:${plainPort}`,
        `other.example:${new URL(host.origin).port}`,
      ]
      for (const place of places) {
        const before = server.logLines.length
        expect([place, (await open(server, `https://${place}/certificate.json`)).status]).toEqual([place, 400])
        expect(server.logLines.slice(before).join()).toMatch(
          /certificate|altnames|SSL|TLS|EPROTO|wrong version|self.signed/i,
        )
      }
    },
  },
]

const contentRows: readonly Row[] = [
  refusedDocuments('G106', 'documents of another type', 'CIMD §4', [
    ...[
      '',
      'text/html',
      'text/plain',
      'text/json',
      'application/jsonp',
      'application/javascript',
      'application/jwt',
      'application/octet-stream',
      'image/svg+xml',
      'application/xml',
      'multipart/mixed',
      'xapplication/json',
      'application/json-seq',
    ].map((type) => [type, { headers: { 'content-type': type } }] as const),
  ]),
  refusedDocuments('G106', 'documents that are no JSON object', 'RFC 8259', [
    ...[
      '',
      ' ',
      'null',
      'true',
      '1',
      '"x"',
      '[]',
      '[{}]',
      '{',
      '{}',
      '<html>',
      '\u0000',
      '{"client_id":}',
      'callback({})',
      "{'client_id':'x'}",
    ].map((body) => [body, { body }] as const),
    ['bytes that are no UTF-8', { body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]) }],
    ['UTF-16', { body: Buffer.from('{"client_id":"x"}', 'utf16le') }],
  ]),
  refusedDocuments(
    'G107',
    'documents that are too large, or larger than they look',
    'CIMD §4, CVE-2026-22036, CVE-2026-84890',
    [
      ...[3, 4, 40].map(
        (times) =>
          [
            `${times} members`,
            {},
            Object.fromEntries(
              ['tos_uri', 'policy_uri', 'client_uri', ...Array.from({ length: times }, (_, index) => `x_${index}`)].map(
                (name) => [name, `https://client.example/${'x'.repeat(1_900)}`],
              ),
            ),
          ] as const,
      ),
      ['a megabyte', { body: `{"x":"${'x'.repeat(1_000_000)}"}` }],
      ['announced as small', { body: `{"x":"${'x'.repeat(60_000)}"}`, headers: { 'transfer-encoding': 'chunked' } }],
      ['gzip', { body: gzipSync(Buffer.alloc(10_000_000, 32)), headers: { 'content-encoding': 'gzip' } }],
      [
        'a chain of codings',
        { body: gzipSync('{}'), headers: { 'content-encoding': Array.from({ length: 300 }, () => 'gzip').join(', ') } },
      ],
      ['brotli that is none', { body: '{}', headers: { 'content-encoding': 'br' } }],
      ['a coding nobody knows', { body: '{}', headers: { 'content-encoding': 'x' } }],
    ],
  ),
  refusedDocuments('G109', 'documents that speak for somebody else', 'CIMD §4.1', [
    document({ client_id: undefined }),
    document({ client_id: null }),
    document({ client_id: '' }),
    document({ client_id: 'https://claude.ai/oauth/claude-code-client-metadata' }),
    document({ client_id: 'https://client.example/' }),
    document({ client_id: ['https://client.example/'] }),
    document({ client_id: { url: 'https://client.example/' } }),
  ]),
  refusedDocuments('G109', 'documents with secrets, private keys or ways to use them', 'CIMD §4.1', [
    document({ client_secret: 'x' }),
    document({ client_secret: '' }),
    document({ client_secret_expires_at: 0 }),
    document({ token_endpoint_auth_method: 'client_secret_basic' }),
    document({ token_endpoint_auth_method: 'client_secret_post' }),
    document({ token_endpoint_auth_method: 'client_secret_jwt' }),
    document({ token_endpoint_auth_method: 'tls_client_auth' }),
    document({ token_endpoint_auth_method: 'private_key_jwt' }),
    document({ token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'x' }] } }),
    document({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd' }] },
    }),
    document({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://keys.example/' }),
    document({ token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'file:///etc/passwd' }),
  ]),
  refusedDocuments('G110', 'redirects that no registration could have', 'RFC 9700 §2.1, CVE-2026-22752', [
    ...[
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'data:text/html,x',
      'http://client.example/cb',
      'https://u:p@client.example/cb',
      'https://client.example\\@evil.example/cb',
      'https://*.client.example/cb',
      'http://127.0.0.1.evil.example/cb',
      'http://localhost@evil.example/cb',
      'https://client.example/cb#x',
      'vscode://evil/cb',
      '/cb',
      '',
    ].map((uri) => document({ redirect_uris: [redirectUri, uri] })),
    document({ redirect_uris: redirectUri }),
    document({ redirect_uris: {} }),
    document({ redirect_uris: [] }),
    document({ redirect_uris: null }),
  ]),
  refusedDocuments('G110', 'words made to deceive', 'RFC 9700 §4.16, CVE-2026-29191', [
    ...[
      'Reader\u202e',
      'Read\u200ber',
      'Reader\u0000',
      'Reader\u001b[31m',
      'Reader\nVerified: claude.ai',
      '\u2067Reader',
      'x'.repeat(300),
      '',
      ' ',
      7,
      ['Reader'],
      { $ne: null },
    ].map((name) => document({ client_name: name })),
    document({ client_uri: 'javascript:alert(1)' }),
    document({ logo_uri: 'data:image/svg+xml,<svg onload=alert(1)>' }),
    document({ tos_uri: 'https://u@client.example/' }),
  ]),
]

const conductRows: readonly Row[] = [
  {
    id: 'G111',
    name: 'addresses inside a document: none is asked, none is dialled',
    source: 'Keycloak #50529, CIMD §6',
    run: async (world) => {
      const { host, server, metadata } = world
      const members = ['logo_uri', 'client_uri', 'policy_uri', 'tos_uri', 'sector_identifier_uri', 'initiate_login_uri']
      const changes = Object.fromEntries(members.map((name) => [name, `${host.origin}/member-${name}`]))
      const clientId = publish(world, {}, changes)
      const grant = { server: metadata, clientId, redirectUri, resource }
      const started = startAuthorization(metadata, { ...grant, scope: 'notes:read' })
      const browser = server.newBrowser()
      const page = pageOf(await signIn(browser, pageOf(await browser.open(started.url)), server.account))
      expect(isConsentPage(page)).toBe(true)
      const arrival = await consent(browser, page)
      if (!('left' in arrival)) throw new Error('no redirect')
      const { tokens } = await redeem(grant, new URL(arrival.left).searchParams.get('code') ?? '', started.codeVerifier)
      expect(tokens?.access_token).toBeDefined()
      expect(members.flatMap((name) => host.requests(`/member-${name}`))).toEqual([])
      expect(host.requests(pathOf(clientId))).toHaveLength(1)
    },
  },
  {
    id: 'G111',
    name: 'keys in private places are not fetched, and the client is told to come again',
    source: 'CVE-2026-1180, CIMD §6',
    run: async (world) => {
      const { metadata, names } = world
      names.set('private-keys.example', ['10.0.0.1'])
      for (const place of [
        'https://private-keys.example/jwks',
        'https://169.254.169.254/jwks',
        'https://[::1]/jwks',
        'https://localhost.localdomain./jwks',
      ]) {
        const clientId = publish(world, {}, { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: place })
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const now = Math.floor(Date.now() / 1_000)
        const assertion = `${part({ alg: 'ES256', kid: 'x' })}.${part({ iss: clientId, sub: clientId, aud: metadata.issuer, exp: now + 60, iat: now, jti: clientId })}.x`
        const answer = await requestTokens(metadata, {
          grant_type: 'refresh_token',
          refresh_token: 'x',
          client_id: clientId,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        })
        expect([place, [400, 401, 503].includes(answer.status)]).toEqual([place, true])
      }
    },
  },
  {
    id: 'G108',
    name: 'thirty hosts that never answer, named from one address: a dozen are asked, and everybody else is served meanwhile',
    source: 'ASVS 16.5, fault plan F18',
    run: async (world) => {
      const { host, server } = world
      const identifiers = Array.from({ length: 12 }, () => publish(world, { hangs: true }))
      let answered = 0
      const waiting = identifiers.map(async (clientId) => {
        const { status } = await open(server, clientId)
        answered += 1
        return status
      })
      await eventually(async () => identifiers.every((clientId) => host.requests(pathOf(clientId)).length > 0))
      const further = Array.from({ length: 18 }, () => publish(world, { hangs: true }))
      const refused = await Promise.all(further.map(async (clientId) => (await open(server, clientId)).status))
      expect(new Set(refused)).toEqual(new Set([400]))
      expect(further.flatMap((clientId) => host.requests(pathOf(clientId)))).toEqual([])
      const [jwks, unknown, registered] = await Promise.all([
        fetch(`${server.issuer}/jwks`),
        requestTokens(
          { token_endpoint: `${server.issuer}/token` },
          { grant_type: 'refresh_token', refresh_token: 'x', client_id: 'nobody' },
        ),
        fetch(`${server.issuer}/register`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: [redirectUri] }),
        }),
      ])
      expect([jwks.status, unknown.status, registered.status]).toEqual([200, 401, 201])
      expect(answered).toBe(0)
      host.release()
      expect(new Set(await Promise.all(waiting))).toEqual(new Set([400]))
      // And the room is free again.
      expect(isSignInPage(await open(server, publish(world)))).toBe(true)
    },
  },
  {
    id: 'G112',
    name: 'a document that fails, asked for forty times by every endpoint',
    source: 'CIMD §4.4',
    run: async (world) => {
      const { host, server, metadata } = world
      const clientId = publish(world, { status: 500 })
      for (let round = 0; round < 10; round += 1) {
        await Promise.all([
          open(server, clientId),
          requestTokens(metadata, { grant_type: 'refresh_token', refresh_token: 'x', client_id: clientId }),
          fetch(`${server.issuer}/par`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: clientId, response_type: 'code' }),
          }),
          fetch(`${server.issuer}/revoke`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: clientId, token: 'x' }),
          }),
        ])
      }
      expect(host.requests(pathOf(clientId))).toHaveLength(1)
    },
  },
  {
    id: 'G112',
    name: 'what a host sends along is not kept, sent back or believed',
    source: 'CIMD §6, RFC 9111',
    run: async (world) => {
      const { host, server } = world
      const headers = {
        'set-cookie': 'a=b',
        etag: '"x\u00e9"',
        'cache-control': 'max-age=1',
        'strict-transport-security': 'max-age=0',
        'clear-site-data': '"*"',
        'www-authenticate': 'Basic',
      }
      const clientId = publish(world, { headers })
      const page = await open(server, clientId)
      expect(isSignInPage(page)).toBe(true)
      expect([page.headers.get('clear-site-data'), page.headers.get('www-authenticate')]).toEqual([null, null])
      const [request] = host.requests(pathOf(clientId))
      expect(
        Object.keys(request ?? {}).filter((name) => /cookie|authorization|referer|forwarded|origin/.test(name)),
      ).toEqual([])
    },
  },
  {
    id: 'G109',
    name: 'a client by URL asks for what only registered ones may',
    source: 'CIMD §4.1, CVE-2024-52287',
    run: async (world) => {
      const { metadata, server } = world
      const clientId = publish(world, {}, { introspects: resource, made_by_operator: true, is_admin: true })
      const machine = await requestTokens(metadata, { grant_type: 'client_credentials', client_id: clientId, resource })
      expect([machine.status >= 400, machine.tokens]).toEqual([true, undefined])
      const introspected = await fetch(`${server.issuer}/introspect`, {
        method: 'POST',
        body: new URLSearchParams({ token: 'x', client_id: clientId }),
      })
      expect(await readJson(introspected)).toEqual({ active: false })
    },
  },
]

export const attacks: readonly Row[] = [...dialRows, ...contentRows, ...conductRows]
