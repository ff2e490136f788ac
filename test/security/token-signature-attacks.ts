/** Group H: tokens that somebody else signed, or nobody. */
import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { exportSPKI, importJWK } from 'jose'
import { unsignedJwt } from '../support/dpop-key.js'
import { createSigningKey } from '../support/token-issuer.js'
import { goodToken, type Make, type Row, refusedTokens } from './resource-world.js'

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

export const attacks: readonly Row[] = [
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
