/** Group G: what a stranger makes this server read and believe. */
import { gzipSync } from 'node:zlib'
import { expect } from '@jest/globals'
import type { Page } from '../support/browser.js'
import type { Answer } from '../support/document-host.js'
import { type DocumentWorld, open, publish, type Row, redirectUri } from './document-world.js'

/** Each answer of the host makes no client: one page, the same for all. */
function refusedDocuments(
  id: Row['id'],
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

/** Of a document with these members, whose client works without them. */
async function left(world: DocumentWorld, changes: Readonly<Record<string, unknown>>): Promise<Page> {
  const page = await open(world.server, publish(world, {}, changes))
  expect([changes, page.status]).toEqual([changes, 200])
  return page
}

export const attacks: readonly Row[] = [
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
    ].map((uri) => document({ redirect_uris: [uri] })),
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
      `${'x'.repeat(300)}\u202e`,
      '',
      ' ',
      7,
      ['Reader'],
      { $ne: null },
    ].map((name) => document({ client_name: name })),
  ]),
  {
    id: 'G110',
    name: 'redirects that no registration could have, behind a good one',
    source: 'RFC 9700 §2.1, CVE-2026-22752',
    note: 'left out, not refused (RFC 7591 §3.2.1): no code goes there',
    run: async (world) => {
      for (const uri of ['javascript:alert(1)', 'data:text/html,x', 'http://client.example/cb', 'vscode://evil/cb']) {
        const clientId = publish(world, {}, { redirect_uris: [redirectUri, uri] })
        expect([uri, (await open(world.server, clientId)).status]).toEqual([uri, 200])
        expect([uri, (await open(world.server, clientId, uri)).status]).toEqual([uri, 400])
      }
    },
  },
  {
    id: 'G110',
    name: 'links made to deceive',
    source: 'RFC 9700 §4.16, CVE-2026-29191',
    note: 'left out, not refused (RFC 7591 §3.2.1): nobody sees them',
    run: async (world) => {
      for (const changes of [
        { client_uri: 'javascript:alert(1)' },
        { logo_uri: 'data:image/svg+xml,<svg onload=alert(1)>' },
        { tos_uri: 'https://u@client.example/' },
        { policy_uri: 'https://evil.example/\u202e' },
      ]) {
        const { text } = await left(world, changes)
        for (const link of Object.values(changes)) expect(text).not.toContain(link)
      }
      expect((await left(world, { client_name: 'x'.repeat(300) })).text).not.toContain('x'.repeat(201))
    },
  },
]
