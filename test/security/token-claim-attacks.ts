/** Group H: signed tokens that are not for this server, not for now, or no access tokens. */
import { expect } from '@jest/globals'
import { type Id, type Row, refusedTokens, whoami } from './resource-world.js'

const claims = (id: Id, name: string, source: string, bent: readonly Readonly<Record<string, unknown>>[]): Row =>
  refusedTokens(
    id,
    name,
    source,
    bent.map(
      (changes) =>
        ({ server }) =>
          server.issuer.sign({ ...changes }),
    ),
  )

const now = () => Math.floor(Date.now() / 1_000)

export const attacks: readonly Row[] = [
  claims('H118', 'times that are past, missing, far, or no numbers', 'RFC 9068 §4, RFC 8725 §3.8', [
    { exp: now() - 3_600 },
    { exp: 0 },
    { exp: -1 },
    { exp: undefined },
    { exp: null },
    { exp: String(now() + 600) },
    { exp: [now() + 600] },
    { exp: true },
    { exp: now() + 10 * 365 * 86_400 },
    { exp: 1e300 },
    { nbf: now() + 3_600 },
    { nbf: 'now' },
    { iat: now() + 3_600 },
    { iat: undefined },
    { iat: {} },
  ]),
  claims('H119', 'another audience, or one that only looks like ours', 'RFC 9068 §4, RFC 8707 §2', [
    { aud: undefined },
    { aud: null },
    { aud: '' },
    { aud: [] },
    { aud: '*' },
    { aud: 'https://other.example/mcp' },
    { aud: { 0: 'x' } },
    { aud: [['nested']] },
    { aud: 'urn:gatehouse' },
  ]),
  {
    id: 'H119',
    name: 'the audience in a neighbour’s spelling',
    source: 'RFC 9068 §4, MCP audience binding',
    run: async ({ server }) => {
      const { url, origin } = server
      for (const aud of [
        origin,
        `${url}/x`,
        `${url}?x`,
        `${url}#x`,
        url.toUpperCase(),
        `${url}x`,
        url.slice(0, -1),
        ` ${url}`,
        `${url}\n`,
        url.replace('127.0.0.1', 'localhost'),
        url.replace('http', 'https'),
        [`${url}x`, origin],
      ]) {
        expect([aud, (await server.post(whoami, await server.issuer.sign({ aud }))).status]).toEqual([aud, 401])
      }
    },
  },
  {
    id: 'H120',
    name: 'another issuer with the same key, and ours in another spelling',
    source: 'RFC 9068 §4, CVE-2026-23552',
    run: async ({ server }) => {
      const { issuer } = server.issuer
      for (const iss of [
        `${issuer}/`,
        issuer.toUpperCase(),
        ` ${issuer}`,
        `${issuer}.`,
        `${issuer}#`,
        issuer.replace('127.0.0.1', 'localhost'),
        'https://evil.example',
        '',
        null,
        undefined,
        [issuer],
        { issuer },
      ]) {
        expect([iss, (await server.post(whoami, await server.issuer.sign({ iss }))).status]).toEqual([iss, 401])
      }
    },
  },
  claims('H121', 'subjects and clients that are none', 'RFC 9068 §2.2', [
    { sub: undefined },
    { sub: null },
    { sub: ['user-1'] },
    { sub: { id: 'user-1' } },
    { sub: 1 },
    { sub: true },
    { sub: '' },
    { sub: 'user-1\u0000' },
    { client_id: undefined },
    { client_id: ['client-1'] },
    { client_id: { toString: 'client-1' } },
  ]),
  claims('H126', 'a token bound to a key it does not come with', 'RFC 9449 §7.1, GHSA-v9xq-2mvm-x8xc', [
    { cnf: { jkt: 'x' } },
    { cnf: { jkt: '' } },
    { cnf: {} },
    { cnf: null },
    { cnf: 'x' },
    { cnf: [] },
    { cnf: { 'x5t#S256': 'x' } },
    { cnf: { jwk: {} } },
    { cnf: { kid: 'key-1' } },
  ]),
]
