/** Group F: dynamic client registration (RFC 7591, RFC 7592). What is refused word by word stands in `refused-metadata.ts`. */
import { gzipSync } from 'node:zlib'
import { expect } from '@jest/globals'
import { opens, register } from '../authorization-server/registration-requests.js'
import { readJson, type TestServer } from '../authorization-server/server.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface RegistrationWorld extends AttackedWorld {
  readonly server: TestServer
  /** The same rules, three registrations an hour for one address. */
  readonly limited: TestServer
  /** URLs that the server wanted to fetch so far. */
  readonly fetched: readonly string[]
}

export type Row = Attack<RegistrationWorld>
type Id = Row['id']
export type Metadata = Readonly<Record<string, unknown>>

export const https = 'https://client.example/cb'
export const web: Metadata = { redirect_uris: [https] }

const clients = ({ server }: RegistrationWorld) => server.storage.prisma.client.count()

/** None of the bodies makes a client; each is answered with 400 and a code of RFC 7591 §3.2.2. */
function refused(id: Id, name: string, source: string, bodies: readonly (Metadata | string)[]): Row {
  return {
    id,
    name,
    source,
    run: async (world) => {
      const before = await clients(world)
      const taken = []
      for (const body of bodies) {
        const answer = await register(world.server, body)
        const isRefused = answer.status === 400 && /^invalid_/.test(String(answer.body['error']))
        if (!isRefused) taken.push([body, answer.status])
      }
      expect(taken).toEqual([])
      expect(await clients(world)).toBe(before)
    },
  }
}

const refusedRedirects = (id: Id, name: string, source: string, uris: readonly string[]): Row =>
  refused(id, name, source, [
    ...uris.map((uri) => ({ redirect_uris: [uri] })),
    // The bad one may hide behind a good one.
    { redirect_uris: [https, ...uris], application_type: 'native', token_endpoint_auth_method: 'none' },
  ])

/** Registers, and expects that nothing of `members` was taken over. */
function ignored(id: Id, name: string, source: string, members: Metadata, note?: string): Row {
  return {
    id,
    name,
    source,
    ...(note === undefined ? {} : { note }),
    run: async ({ server }) => {
      const { status, body } = await register(server, { ...web, ...members })
      expect(status).toBe(201)
      for (const [member, value] of Object.entries(members)) expect(body[member]).not.toEqual(value)
      const stored = JSON.stringify(await server.clients.find(String(body['client_id'])))
      for (const member of Object.keys(members).filter((key) => !key.startsWith('client_') && key !== 'scope'))
        expect(stored).not.toContain(`"${member}"`)
    },
  }
}

/** Makes a client without what was asked for beyond its due. */
const leftOut = (id: Id, name: string, source: string, asked: readonly Metadata[]): Row => ({
  id,
  name,
  source,
  note: 'left out, not refused: clients in the field ask for all they know (README, "Which clients get in")',
  run: async ({ server }) => {
    for (const members of asked) {
      const { status, body } = await register(server, { ...web, ...members })
      const given = [body['grant_types'], body['response_types']].flat()
      const beyond = given.filter((one) => !['authorization_code', 'refresh_token', 'code'].includes(String(one)))
      expect([members, status, beyond]).toEqual([members, 201, []])
    }
  },
})

export async function registered(world: RegistrationWorld, metadata: Metadata = web) {
  const { body } = await register(world.server, metadata)
  const client = {
    id: String(body['client_id']),
    url: String(body['registration_client_uri']),
    token: String(body['registration_access_token']),
    secret: typeof body['client_secret'] === 'string' ? body['client_secret'] : '',
  }
  world.secrets.add(client.token).add(client.secret)
  return client
}

async function post(server: TestServer, headers: Readonly<Record<string, string>>, body: string | Uint8Array) {
  const response = await fetch(`${server.issuer}/register`, { method: 'POST', headers, body: Buffer.from(body) })
  return { status: response.status, error: (await readJson(response))['error'] }
}

const redirectRows: readonly Row[] = [
  refusedRedirects('F91', 'schemes that run, behind invisible characters', 'CVE-2026-9086, CVE-2026-22752', [
    '\u0001javascript:alert(1)',
    'java\u0000script:alert(1)',
    'java\u200bscript:alert(1)',
    '\ufeffjavascript:alert(1)',
    '\u3000javascript:alert(1)',
    'javascript\u003aalert(1)//https://client.example',
    'JAVASCRIPT&colon;alert(1)',
    'javascript%3Aalert(1)',
  ]),
  refusedRedirects('F91', 'schemes that wrap another one', 'CVE-2026-22752', [
    'feed:javascript:alert(1)',
    'view-source:javascript:alert(1)',
    'jar:https://client.example/a.jar!/',
    'filesystem:https://client.example/temporary/x',
    'blob:https://client.example/9115d58c-bcda-ff47-86e5-083e9a215304',
    'about:blank',
    'data:;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==',
  ]),
  refusedRedirects('F91', 'schemes that the system opens by itself', 'CVE-2025-6514', [
    'ms-settings:privacy',
    'ms-msdt:/id',
    'search-ms:query=x',
    'steam://run/1',
    'ssh://client.example/-oProxyCommand=x',
    'mailto:ada@client.example',
    'tel:110',
    'chrome://settings',
    'smb://evil.example/share',
    'urn:ietf:wg:oauth:2.0:oob',
  ]),
  refusedRedirects('F92', 'another host than the eye reads', 'RFC 9700 §4.1.3, CVE-2024-8883', [
    'https://client.example:443@evil.example/cb',
    'https://client.example@evil.example@evil.example/cb',
    'https://client.example%40evil.example/cb',
    'https://@evil.example/cb',
    'https://:@evil.example/cb',
    'https://client.example\\evil.example/cb',
    'https:\\\\evil.example/cb',
    'https:/evil.example/cb',
    'https:////evil.example/cb',
    'https://client.example\u3002evil.example/cb',
    'https://client.example\uff0fevil.example/cb',
    'https://client.example\u2044evil.example/cb',
    'https://client.example\t.evil.example/cb',
  ]),
  refusedRedirects('F92', 'no host, or one that is none', 'RFC 3986 §3.2.2', [
    'https://',
    'https:///',
    'https://?x=1',
    'https://:443/cb',
    'https://client..example:x/cb',
    'https://client.example:99999/cb',
    'https://client.example:-1/cb',
    'https://[::1/cb',
    'https://[fe80::1%25eth0]/cb',
    'https://client.example%00.evil.example/cb',
    'https://exa mple/cb',
    'https://%/cb',
  ]),
  refusedRedirects('F92', 'wildcards and patterns', 'RFC 9700 §2.1, CVE-2024-52289', [
    'https://client.example/cb*',
    'https://client.*/cb',
    '*',
    'https://*',
    '.*',
    '^https://client\\.example/cb$',
    'https://client.example/cb?*',
    'http://localhost:*/cb',
    'http://127.0.0.1:*/cb',
  ]),
  refusedRedirects('F92', 'loopback that is somewhere else', 'RFC 8252 §7.3, CVE-2024-8883', [
    'http://localhost:80@evil.example/cb',
    'http://localhost%20.evil.example/cb',
    'http://localhost\u00adx.evil.example/cb',
    'http://127.0.0.1:80.evil.example/cb',
    'http://127.0.0.1#@evil.example/cb',
    'http://127.0.0.1\\@evil.example/cb',
    'http://[::1].evil.example/cb',
    'http://[::1]@evil.example/cb',
    'http://[::]:8080/cb',
    'http://127.0.0.1.:8080/cb',
    'http://0127.0.0.1/cb',
    'http:127.0.0.1/cb',
    'http:/localhost/cb',
    'http:\\\\localhost/cb',
    'http://lоcalhost/cb',
    'http://localhost.localdomain/cb',
    'http://host.docker.internal/cb',
    'http://[0:0:0:0:0:ffff:7f00:1]/cb',
  ]),
  refusedRedirects('F92', 'private-use schemes of others', 'RFC 8252 §7.1, RFC 9700 §2.6', [
    'vscode://evil.extension/cb',
    'cursor://anysphere.cursor-mcp/oauth/callback#x',
    'cursor://anysphere.cursor-mcp@evil/oauth/callback',
    'cursor://ANYSPHERE.cursor-mcp/oauth/callback',
    'cursor:///anysphere.cursor-mcp/oauth/callback',
    'cursor:/oauth/callback',
    'claude://callback',
    'com.example:/cb',
    'x:',
  ]),
]

const shapeRows: readonly Row[] = [
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
  refused('F93', 'lists and members beyond any measure', 'ASVS 10.4.7', [
    { redirect_uris: Array.from({ length: 10_000 }, () => https) },
    { redirect_uris: Array.from({ length: 100 }, (_, index) => `http://127.0.0.1:${index + 1_000}/cb`) },
    { ...web, contacts: Array.from({ length: 5_000 }, () => 'a@b.example') },
    { ...web, client_name: 'a'.repeat(30_000) },
    { ...web, software_id: 'a'.repeat(30_000) },
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
    { ...web, client_name: 7 },
    { ...web, client_uri: ['https://client.example'] },
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

const key = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const withKeys = (...keys: readonly object[]) => ({
  ...web,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys },
})

const memberRows: readonly Row[] = [
  refused('F95', 'private and symmetric keys', 'RFC 7517 §9, ASVS 13.3', [
    withKeys({ ...key, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }),
    withKeys(key, { ...key, d: '' }),
    withKeys({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', d: 'x' }),
    withKeys({ kty: 'RSA', n: 'n', e: 'AQAB', d: 'd', p: 'p', q: 'q' }),
    withKeys({ kty: 'oct', k: 'c2VjcmV0' }),
    withKeys({ kty: 'oct', k: '' }),
    { ...withKeys(key), jwks_uri: 'https://client.example/jwks' },
  ]),
  refused('F95', 'grants that are not for whoever registers itself', 'OAuth 2.1 §4, CVE-2024-52287', [
    { ...web, grant_types: ['password'] },
    { ...web, grant_types: [''] },
    { ...web, grant_types: ['implicit'], response_types: ['token'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:token-exchange'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer'] },
    { ...web, grant_types: ['urn:ietf:params:oauth:grant-type:saml2-bearer'] },
    { ...web, grant_types: ['urn:openid:params:grant-type:ciba'] },
    { ...web, grant_types: ['AUTHORIZATION_CODE'] },
  ]),
  refused('F95', 'algorithms that prove nothing', 'RFC 8725 §3.1, RFC 7591 §3.2.2', [
    { ...web, id_token_signed_response_alg: 'none' },
    { ...web, id_token_signed_response_alg: 'None' },
    { ...web, id_token_signed_response_alg: 'HS1' },
    {
      ...web,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key] },
      token_endpoint_auth_signing_alg: 'none',
    },
    {
      ...web,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key] },
      token_endpoint_auth_signing_alg: 'HS256',
    },
  ]),
  refused('F95', 'ways to authenticate that nobody checks here', 'RFC 7591 §2', [
    { ...web, token_endpoint_auth_method: 'tls_client_auth' },
    { ...web, token_endpoint_auth_method: 'self_signed_tls_client_auth' },
    { ...web, token_endpoint_auth_method: 'None' },
    { ...web, token_endpoint_auth_method: 'client_secret_basic ' },
    { ...web, token_endpoint_auth_method: '__proto__' },
    { ...web, token_endpoint_auth_method: 'constructor' },
    { ...web, token_endpoint_auth_method: 'private_key_jwt' },
  ]),
  leftOut('F95', 'grants of others beside one’s own', 'OAuth 2.1 §4, CVE-2024-52287', [
    { grant_types: ['authorization_code', 'implicit', 'refresh_token'], response_types: ['code', 'code id_token'] },
    { grant_types: ['authorization_code', 'password', 'refresh_token'], response_types: ['token', 'code'] },
    { grant_types: ['authorization_code', 'client_credentials', 'refresh_token'] },
    { grant_types: ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'authorization_code'] },
    { grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], token_endpoint_auth_method: 'none' },
  ]),
  ignored(
    'F95',
    'a scope of one’s own choice',
    'CVE-2026-22752',
    { scope: 'admin notes:delete *' },
    'ignored, not refused: a registered scope would make step-up impossible (README, choices)',
  ),
  ignored('F96', 'an id, a secret and an age of one’s own choice', 'ASVS 10.4.7', {
    client_id: 'chosen-by-me',
    client_secret: 'chosen-by-me',
    client_id_issued_at: 1,
    registration_access_token: 'chosen-by-me',
    registration_client_uri: 'https://evil.example/',
  }),
  ignored('F96', 'rights that only operators give', 'ASVS 10.4.7, CVE-2026-52870', {
    introspects: 'http://localhost:4000/mcp',
    made_by_operator: true,
    demands_auth_method: 'none',
    is_admin: true,
    trusted: true,
    first_party: true,
    skip_consent: true,
    role: 'admin',
    enabled: true,
  }),
  {
    id: 'F96',
    name: 'the id of a client that exists',
    source: 'ASVS 10.4.7',
    run: async (world) => {
      const victim = await registered(world)
      const evil = 'https://evil.example/cb'
      const { body } = await register(world.server, { redirect_uris: [evil], client_id: victim.id })
      expect(body['client_id']).not.toBe(victim.id)
      expect(await opens(world.server, victim.id, evil)).toBe(400)
      expect(await opens(world.server, victim.id, https)).toBe(200)
    },
  },
  {
    id: 'F96',
    name: 'members of every object there is',
    source: 'CWE-1321, CVE-2026-21710',
    run: async ({ server }) => {
      for (const member of [
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        '__defineGetter__',
      ]) {
        for (const value of ['{"polluted":true}', '{"prototype":{"polluted":true}}', '"x"', 'null', '["polluted"]']) {
          const { status } = await register(
            server,
            `{"${member}":${value},"redirect_uris":["${https}"],"jwks":{"${member}":${value},"keys":[]}}`,
          )
          expect([201, 400]).toContain(status)
          expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
        }
      }
    },
  },
  {
    id: 'F94',
    name: 'addresses inside the network, in every member that is one',
    source: 'CVE-2026-1180, CVE-2026-22752, Keycloak #50529',
    run: async ({ server, fetched }) => {
      const places = [
        'https://127.0.0.1:1/x',
        'https://169.254.169.254/latest/meta-data',
        'https://localhost/x',
        'https://[::1]/x',
      ]
      const names = [
        'client_uri',
        'logo_uri',
        'policy_uri',
        'tos_uri',
        'jwks_uri',
        'initiate_login_uri',
        'sector_identifier_uri',
        'backchannel_logout_uri',
        'backchannel_client_notification_endpoint',
      ]
      for (const name of names) {
        for (const place of places) {
          const { status } = await register(server, { ...web, [name]: place })
          expect([name, place, [201, 400].includes(status)]).toEqual([name, place, true])
        }
      }
      // Registration is no way to make the server ask anybody anything.
      expect(fetched).toEqual([])
    },
  },
  refused('F100', 'a client without a secret that wants to act on its own', 'RFC 6749 §4.4', [
    { ...web, token_endpoint_auth_method: 'none', grant_types: ['client_credentials'] },
    { redirect_uris: [], token_endpoint_auth_method: 'none', grant_types: ['client_credentials'], response_types: [] },
  ]),
  {
    id: 'F100',
    name: 'a client that registered itself asks for a token of its own',
    source: 'RFC 6749 §4.4, CVE-2024-52287',
    run: async (world) => {
      const { id, secret } = await registered(world)
      const body = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: id,
        client_secret: secret,
        resource: world.server.resource,
      })
      const answer = await fetch(`${world.server.issuer}/token`, { method: 'POST', body })
      expect([answer.status, (await readJson(answer))['error']]).toEqual([400, 'unauthorized_client'])
    },
  },
]

export const attacks: readonly Row[] = [...redirectRows, ...shapeRows, ...memberRows]
