/** Group F: the shape of a registration: bodies that are no object, too long, too deep, sent in other ways. */
import { gzipSync } from 'node:zlib'
import { expect } from '@jest/globals'
import { register } from '../authorization-server/registration-requests.js'
import { readJson, type TestServer } from '../authorization-server/server.js'
import { clients, https, type Row, refused, web } from './registration-world.js'

async function post(server: TestServer, headers: Readonly<Record<string, string>>, body: string | Uint8Array) {
  const response = await fetch(`${server.issuer}/register`, { method: 'POST', headers, body: Buffer.from(body) })
  return { status: response.status, error: (await readJson(response))['error'] }
}

export const attacks: readonly Row[] = [
  {
    id: 'F93',
    name: 'one member twice: what is checked is what is kept',
    source: 'RFC 8259 §4',
    run: async ({ server }) => {
      const evil = '"redirect_uris":["javascript:alert(1)"]'
      const good = `"redirect_uris":["${https}"]`
      expect((await register(server, `{${good},${evil}}`)).status).toBe(400)
      const { status, body } = await register(server, `{${evil},${good}}`)
      expect([status, body['redirect_uris']]).toEqual([201, [https]])
    },
  },
  // Displayed members are left out or shortened instead: `adjustedMetadata` in refused-metadata.ts.
  refused('F93', 'lists and members beyond any measure', 'ASVS 10.4.7', [
    { redirect_uris: Array.from({ length: 10_000 }, () => https) },
    { redirect_uris: Array.from({ length: 100 }, (_, index) => `http://127.0.0.1:${index + 1_000}/cb`) },
    { ...web, jwks: { keys: Array.from({ length: 500 }, () => ({ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' })) } },
  ]),
  refused('F93', 'bodies that are no object', 'RFC 7591 §3.1', [
    'null',
    '""',
    '0',
    'true',
    `[${JSON.stringify(web)}]`,
    `${JSON.stringify(web)}${JSON.stringify(web)}`,
    `${JSON.stringify(web)},`,
    `)]}'\n${JSON.stringify(web)}`,
    '{redirect_uris:["https://client.example/cb"]}',
    '{"redirect_uris":NaN}',
    '{"redirect_uris":["https://client.example/cb"],}',
    '// x\n{}',
  ]),
  refused('F93', 'members of another type', 'RFC 7591 §2', [
    { redirect_uris: { 0: https, length: 1 } },
    { redirect_uris: [[https]] },
    { redirect_uris: [https, null] },
    { redirect_uris: 1 },
    { redirect_uris: true },
    { ...web, token_endpoint_auth_method: ['none'] },
    { ...web, token_endpoint_auth_method: { toString: 'none' } },
    { ...web, application_type: ['web'] },
    { ...web, jwks: 'https://client.example/jwks' },
    { ...web, jwks: { keys: { 0: {} } } },
    { ...web, grant_types: { 0: 'authorization_code' } },
  ]),
  {
    id: 'F93',
    name: 'bodies of another media type, coding or encoding',
    source: 'RFC 7591 §3.1, GHSA workers-oauth-provider 0.8.3',
    run: async (world) => {
      const before = await clients(world)
      const json = JSON.stringify(web)
      const utf16 = Buffer.from(json, 'utf16le')
      const rows: readonly (readonly [Record<string, string>, string | Uint8Array])[] = [
        [{ 'content-type': 'text/plain' }, json],
        [{ 'content-type': 'application/x-www-form-urlencoded' }, json],
        [{ 'content-type': 'multipart/form-data; boundary=x' }, json],
        [{ 'content-type': 'application/json, text/plain' }, json],
        [{ 'content-type': 'application/' }, json],
        [{ 'content-type': 'json' }, json],
        [{ 'content-type': 'application/json; charset=utf-16' }, utf16],
        [{ 'content-type': 'application/json', 'content-encoding': 'gzip' }, gzipSync(json)],
        [{ 'content-type': 'application/json' }, gzipSync(Buffer.alloc(50_000_000, 32))],
        [{ 'content-type': 'application/json' }, utf16],
        [{ 'content-type': 'application/json' }, Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
        [{ 'content-type': 'application/json' }, new Uint8Array(60_000)],
      ]
      for (const [headers, body] of rows) {
        const { status, error } = await post(world.server, headers, body)
        expect([headers, [400, 413, 415].includes(status), error]).toEqual([
          headers,
          true,
          expect.stringMatching(/^invalid_/),
        ])
      }
      expect(await clients(world)).toBe(before)
    },
  },
  {
    id: 'F93',
    name: 'ten thousand levels in a member nobody knows',
    source: 'ASVS 10.4.7',
    run: async ({ server }) => {
      const { status } = await register(
        server,
        `{"redirect_uris":["${https}"],"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}`,
      )
      expect([201, 400]).toContain(status)
    },
  },
]
