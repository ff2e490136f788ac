/** Group H: the MCP server as a protected resource. Tokens that somebody bent, in places where none belong, for things they do not cover. */
import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { expect } from '@jest/globals'
import { exportSPKI, importJWK } from 'jose'
import { parseChallenge } from '../../src/oauth/challenge.js'
import { type McpTestServer, toolCall } from '../mcp-server/mcp-test-server.js'
import { sendRaw } from '../platform/raw-request.js'
import { unsignedJwt } from '../support/dpop-key.js'
import { createSigningKey } from '../support/token-issuer.js'
import type { Attack, AttackedWorld } from './attack.js'

export interface ResourceWorld extends AttackedWorld {
  readonly server: McpTestServer
}

export type Row = Attack<ResourceWorld>
type Id = Row['id']

/** A call that any good token may make. */
export const whoami = toolCall('whoami')

/** A good token, written down as a secret. */
export async function goodToken({ server, secrets }: ResourceWorld, scope?: string, user?: string): Promise<string> {
  const token = await server.token(scope, user)
  secrets.add(token)
  return token
}

type Make = (world: ResourceWorld) => Promise<string> | string

/** Each token is answered with 401 `invalid_token` and the way to a better one. */
export function refusedTokens(id: Id, name: string, source: string, tokens: readonly Make[]): Row {
  return {
    id,
    name,
    source,
    run: async (world) => {
      for (const [index, make] of tokens.entries()) {
        const answer = await world.server.post(whoami, await make(world))
        const challenge = parseChallenge(answer.headers.get('www-authenticate') ?? '')
        expect([index, answer.status, challenge?.parameters['error']]).toEqual([index, 401, 'invalid_token'])
        expect(challenge?.parameters['resource_metadata']).toContain('/.well-known/oauth-protected-resource')
      }
    },
  }
}

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

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A good token with another header, its signature as it was. */
const withHeader =
  (header: object): Make =>
  async (world) => {
    const [, payload, signature] = (await goodToken(world)).split('.')
    return `${part({ alg: 'ES256', kid: 'key-1', typ: 'at+jwt', ...header })}.${payload}.${signature}`
  }

/** A good token whose signature is replaced. */
const withSignature =
  (replace: (signature: Buffer) => Buffer | string): Make =>
  async (world) => {
    const [header, payload, signature = ''] = (await goodToken(world)).split('.')
    const replaced = replace(Buffer.from(signature, 'base64url'))
    return `${header}.${payload}.${typeof replaced === 'string' ? replaced : replaced.toString('base64url')}`
  }

/** HMAC keyed with what everybody knows: the public key, in some form. */
const keyedWithPublicKey =
  (alg: string, hash: string, form: (pem: string, jwk: object) => string | Buffer): Make =>
  async (world) => {
    const [, payload] = (await goodToken(world)).split('.')
    const { publicJwk } = world.server.issuer.key
    const publicKey = await importJWK(publicJwk, 'ES256', { extractable: true })
    if (publicKey instanceof Uint8Array) throw new Error('expected a public key')
    const signed = `${part({ alg, typ: 'at+jwt', kid: 'key-1' })}.${payload}`
    const mac = createHmac(hash, form(await exportSPKI(publicKey), publicJwk)).update(signed)
    return `${signed}.${mac.digest('base64url')}`
  }

/** Signed by somebody else, whose key the header brings along or names. */
const selfSigned =
  (header: (jwk: object) => object): Make =>
  async ({ server }) => {
    const stranger = await createSigningKey('key-1')
    return server.issuer.sign({}, { ...header(stranger.publicJwk) }, stranger.privateKey)
  }

const der = (key: KeyObject, text: string) => createSign('sha256').update(text).sign(key)

const now = () => Math.floor(Date.now() / 1_000)

const signatureRows: readonly Row[] = [
  refusedTokens('H116', 'no signature, under every spelling of none', 'RFC 8725 §3.1, CVE-2026-28498', [
    ...['none', 'None', 'NONE', 'nOnE', '', ' none', 'none\u0000'].map(
      (alg): Make =>
        async (world) =>
          `${part({ alg, typ: 'at+jwt', kid: 'key-1' })}.${(await goodToken(world)).split('.')[1]}.`,
    ),
    () => unsignedJwt({ typ: 'at+jwt' }, { sub: 'user-1' }),
  ]),
  refusedTokens('H116', 'an algorithm that is no text, or one of others', 'CVE-2026-34950, CVE-2026-22817', [
    ...[
      ['ES256'],
      { toString: 'ES256' },
      null,
      true,
      256,
      'es256',
      'ES256 ',
      'ES256K',
      'ES384',
      'PS256',
      'RS256',
      'EdDSA',
      'HS512',
      'dir',
    ].map((alg) => withHeader({ alg })),
  ]),
  refusedTokens('H116', 'HMAC keyed with the public key', 'CVE-2026-11800, CVE-2026-34950', [
    keyedWithPublicKey('HS256', 'sha256', (pem) => pem),
    keyedWithPublicKey('HS256', 'sha256', (pem) => ` ${pem}`),
    keyedWithPublicKey('HS256', 'sha256', (pem) => `\n${pem.trim()}`),
    keyedWithPublicKey('HS256', 'sha256', (pem) => Buffer.from(pem.replace(/-.*-|\s/g, ''), 'base64')),
    keyedWithPublicKey('HS256', 'sha256', (_pem, jwk) => JSON.stringify(jwk)),
    keyedWithPublicKey('HS256', 'sha256', () => ''),
    keyedWithPublicKey('HS384', 'sha384', (pem) => pem),
    keyedWithPublicKey('HS512', 'sha512', (pem) => pem),
  ]),
  refusedTokens('H116', 'signatures of zeros, and in another form', 'CVE-2022-21449, RFC 7515 §3.4', [
    withSignature((signature) => Buffer.alloc(signature.length)),
    withSignature(() => ''),
    withSignature((signature) => signature.subarray(0, 32)),
    withSignature((signature) => Buffer.concat([signature, Buffer.alloc(1)])),
    withSignature((signature) => Buffer.concat([signature.subarray(32), signature.subarray(0, 32)])),
    withSignature((signature) => `${signature.toString('base64url')}=`),
    withSignature(() => der(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey, 'x')),
  ]),
  refusedTokens('H116', 'keys that the token brings along or names', 'RFC 8725 §3.10, ASVS 9.1.3', [
    selfSigned((jwk) => ({ jwk })),
    selfSigned((jwk) => ({ jwk, kid: undefined })),
    selfSigned(() => ({ jku: 'http://127.0.0.1:1/jwks' })),
    selfSigned(() => ({ x5u: 'http://127.0.0.1:1/cert.pem' })),
    selfSigned(() => ({ x5c: ['MIIB'], x5t: 'x' })),
    ...[
      '../../../../dev/null',
      '/proc/self/environ',
      "x' OR '1'='1",
      'key-1\u0000',
      '__proto__',
      'constructor',
      'key-2',
      '',
      'KEY-1',
    ].map((kid): Make => selfSigned(() => ({ kid }))),
  ]),
  refusedTokens(
    'H116',
    'headers that must be understood, and payloads that are not encoded',
    'RFC 7515 §4.1.11, RFC 7797',
    [
      withHeader({ crit: ['exp'], exp: 1 }),
      withHeader({ crit: ['b64'], b64: false }),
      withHeader({ crit: [] }),
      withHeader({ crit: 'typ' }),
      withHeader({ crit: ['alg'] }),
      withHeader({ zip: 'DEF', crit: ['zip'] }),
    ],
  ),
  refusedTokens('H117', 'a token of another kind by the same issuer', 'RFC 9068 §4, RFC 8725 §3.11', [
    ...[
      'JWT',
      'jwt',
      'id_token+jwt',
      'dpop+jwt',
      'logout+jwt',
      'oauth-authz-req+jwt',
      'at+jws',
      'xat+jwt',
      'at+jwt;x',
      '',
      7,
      undefined,
    ].map(
      (typ): Make =>
        ({ server }) =>
          server.issuer.sign({}, { typ }),
    ),
  ]),
  refusedTokens('H116', 'text that is no JWT of three parts', 'RFC 7515 §3.1, CVE-2026-27840', [
    () => 'x',
    () => '..',
    () => '.'.repeat(200),
    async (world) => (await goodToken(world)).split('.').slice(0, 2).join('.'),
    async (world) => `${await goodToken(world)}.x.y`,
    async (world) => (await goodToken(world)).slice(0, -8),
    async (world) => (await goodToken(world)).slice(1),
    async (world) => (await goodToken(world)).toLowerCase(),
    async (world) => part(await goodToken(world)),
    async (world) => `x${await goodToken(world)}`,
    async ({ server }) =>
      `${part('{"alg":"ES256","kid":"key-1","typ":"at+jwt"')}.${(await server.token()).split('.')[1]}.x`,
    async ({ server }) => `${part('null')}.${(await server.token()).split('.')[1]}.x`,
  ]),
]

const claimRows: readonly Row[] = [
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

const placeRows: readonly Row[] = [
  {
    id: 'H115',
    name: 'no token, or another scheme: a challenge without an error',
    source: 'RFC 6750 §3.1, MCP, workers-oauth-provider fdba134',
    run: async ({ server }) => {
      for (const authorization of [
        undefined,
        'Basic dXNlcjpwYXNz',
        'Digest username="x"',
        'Negotiate YII=',
        'NTLM x',
        'Token x',
        'MAC x',
        'Bearerx y',
        'AWS4-HMAC-SHA256 x',
      ]) {
        const answer = await server.post(whoami, undefined, authorization === undefined ? {} : { authorization })
        const challenge = parseChallenge(answer.headers.get('www-authenticate') ?? '')
        expect([authorization, answer.status, challenge?.scheme, challenge?.parameters['error']]).toEqual([
          authorization,
          401,
          'Bearer',
          undefined,
        ])
        expect(challenge?.parameters).toHaveProperty('scope')
      }
    },
  },
  {
    id: 'H115',
    name: 'a malformed, doubled or joined Authorization header',
    source: 'RFC 6750 §3.1, RFC 9110 §11.6.2',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      for (const authorization of [
        'Bearer',
        'Bearer ',
        `Bearer ${token}, Bearer ${token}`,
        `Bearer ${token},`,
        `Bearer ${token} x`,
        `Bearer "${token}"`,
        `Bearer=${token}`,
        `Bearer: ${token}`,
        token,
        `Bearer ${token}\u00e9`,
        `Bearer token=${token}`,
        `Basic x, Bearer ${token}`,
      ]) {
        const { status } = await server.post(whoami, undefined, { authorization })
        expect([authorization.replaceAll(token, 'T'), [400, 401].includes(status)]).toEqual([
          authorization.replaceAll(token, 'T'),
          true,
        ])
      }
      const { host, port } = new URL(server.url)
      const body = JSON.stringify(whoami)
      const head = [
        `Host: ${host}`,
        'Content-Type: application/json',
        'Accept: application/json, text/event-stream',
        `Content-Length: ${body.length}`,
      ]
      const bearer = `Authorization: Bearer ${token}`
      for (const twice of [
        [bearer, 'Authorization: Bearer x'],
        [bearer, bearer],
        ['Authorization: Bearer x', bearer],
        ['Authorization: Basic x', bearer],
      ]) {
        const { status } = await sendRaw(Number(port), [...head, ...twice], '/mcp', body)
        // Another server on the way may read the other one.
        expect(status).toBe(400)
      }
      expect((await sendRaw(Number(port), [...head, bearer], '/mcp', body)).status).toBe(200)
    },
  },
  {
    id: 'H124',
    name: 'a good token in every other place',
    source: 'MCP (MUST NOT), RFC 9700 §4.3.2, RFC 6750 §2',
    run: async (world) => {
      const { server } = world
      const token = await goodToken(world)
      const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
      const tries: readonly (readonly [string, string, Record<string, string>, string])[] = [
        ['query', `?access_token=${token}`, json, JSON.stringify(whoami)],
        [
          'query of another name',
          `?token=${token}&bearer=${token}&authorization=Bearer%20${token}`,
          json,
          JSON.stringify(whoami),
        ],
        ['form', '', { 'content-type': 'application/x-www-form-urlencoded' }, `access_token=${token}`],
        [
          'body',
          '',
          json,
          JSON.stringify({ ...whoami, access_token: token, _meta: { authorization: `Bearer ${token}` } }),
        ],
        [
          'cookie',
          '',
          { ...json, cookie: `access_token=${token}; Authorization=Bearer ${token}` },
          JSON.stringify(whoami),
        ],
        ['proxy', '', { ...json, 'proxy-authorization': `Bearer ${token}` }, JSON.stringify(whoami)],
        [
          'forwarded',
          '',
          { ...json, 'x-forwarded-authorization': `Bearer ${token}`, 'x-original-authorization': `Bearer ${token}` },
          JSON.stringify(whoami),
        ],
        [
          'other headers',
          '',
          { ...json, 'x-access-token': token, 'x-api-key': token, 'x-auth-token': token, 'mcp-session-id': token },
          JSON.stringify(whoami),
        ],
        ['protocol', '', { ...json, 'sec-websocket-protocol': `bearer, ${token}` }, JSON.stringify(whoami)],
      ]
      for (const [place, query, headers, body] of tries) {
        const { status } = await fetch(`${server.url}${query}`, { method: 'POST', headers, body })
        expect([place, status]).toEqual([place, 401])
      }
    },
  },
  {
    id: 'H125',
    name: 'identity asserted by headers that proxies use',
    source: 'RFC 9700 §4.13, ASVS 4.1.3',
    run: async (world) => {
      const { server } = world
      const headers = {
        'x-forwarded-user': 'root',
        'x-remote-user': 'root',
        'remote-user': 'root',
        'x-user-id': 'root',
        'x-auth-request-email': 'root@example.com',
        'x-gatehouse-forwarder': 'x',
        'x-scopes': 'notes:delete',
        'x-http-method-override': 'GET',
      }
      expect((await server.post(whoami, undefined, headers)).status).toBe(401)
      const narrow = await goodToken(world, 'notes:read', 'user-9')
      expect((await server.post(toolCall('delete_note', { id: 'x' }), narrow, headers)).status).toBe(403)
      expect(await (await server.post(whoami, narrow, headers)).text()).not.toContain('root')
    },
  },
]

export const attacks: readonly Row[] = [...placeRows, ...signatureRows, ...claimRows]
