/** Group G: what a stranger makes this server dial. */
import { expect } from '@jest/globals'
import { readJson } from '../authorization-server/server.js'
import { freshPath, open, publish, type Row, redirectUri } from './document-world.js'

const pathOf = (url: string) => new URL(url).pathname

/** Nothing is dialled for any of these identifiers, and each is answered with a page of status 400. */
function neverDialled(
  name: string,
  source: string,
  identifiers: (port: string) => readonly string[],
  id: Row['id'] = 'G101',
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

export const attacks: readonly Row[] = [
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
        `https://private.example${freshPath()}`,
        `https://private.example:22${freshPath()}`,
        `https://client.example:${plainPort}${freshPath()}`,
        `https://client.example:${selfSignedPort}${freshPath()}`,
        `https://other.example:${new URL(host.origin).port}${freshPath()}`,
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
    note: 'an expired one: test/outbound/untrusted-fetch.test.ts',
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
