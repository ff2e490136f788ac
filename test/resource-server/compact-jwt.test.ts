import { createPublicKey } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import {
  CompactSign,
  type CryptoKey,
  createLocalJWKSet,
  errors,
  exportJWK,
  generateKeyPair,
  type JWTVerifyGetKey,
  jwtVerify,
} from 'jose'
import { acceptCompactJwt } from '../../src/resource-server/compact-jwt.js'

const rules = {
  algorithms: ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'],
  typ: 'at+jwt',
  issuer: 'https://auth.example',
  audience: ['https://notes.example/mcp'],
  requiredClaims: ['exp', 'iat', 'sub'],
}
const now = 1_796_040_000
const claims = { iss: rules.issuer, aud: rules.audience[0], sub: 'person', iat: now, exp: now + 600 }

interface Signer {
  readonly keys: JWTVerifyGetKey
  readonly publicKey: CryptoKey
  sign(payload: unknown, header?: Readonly<Record<string, unknown>>): Promise<string>
}

async function signerOf(alg: string, options: { modulusLength?: number } = {}): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true, ...options })
  const bytes = (payload: unknown) =>
    payload instanceof Uint8Array
      ? payload
      : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload))
  return {
    keys: createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg }] }),
    publicKey,
    sign: (payload, header = {}) =>
      new CompactSign(bytes(payload))
        .setProtectedHeader(Object.assign({ alg, kid: 'one', typ: 'at+jwt' }, header))
        .sign(privateKey),
  }
}

const es256 = await signerOf('ES256')
const good = await es256.sign(claims)

function withPart(place: number, change: (part: string) => string): string {
  return good
    .split('.')
    .map((part, index) => (index === place ? change(part) : part))
    .join('.')
}

describe('the short way to verify a JWT', () => {
  it.each(['ES256', 'EdDSA', 'Ed25519', 'PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512'])(
    'takes a token signed with %s as jose does, and refuses a forged one',
    async (alg) => {
      const { keys, sign } = await signerOf(alg)
      const token = await sign({ ...claims, name: 'Zoë', nbf: now })
      const { payload, protectedHeader } = await jwtVerify(token, keys, { currentDate: new Date(now * 1000) })
      expect(await acceptCompactJwt(token, keys, rules)).toEqual({ payload, protectedHeader })
      const other = await (await signerOf(alg)).sign(claims)
      await expect(acceptCompactJwt(other, keys, rules)).rejects.toThrow(errors.JWSSignatureVerificationFailed)
    },
  )

  it.each([
    ['a curve whose signatures take long', 'ES384', {}],
    ['the longest curve', 'ES512', {}],
    ['a long RSA key', 'RS256', { modulusLength: 5120 }],
  ])('leaves %s to jose', async (_name, alg, options) => {
    const { keys, sign } = await signerOf(alg, options)
    const token = await sign(claims)
    expect(await acceptCompactJwt(token, keys, rules)).toBeUndefined()
    await expect(jwtVerify(token, keys, { currentDate: new Date(now * 1000) })).resolves.toBeDefined()
  })

  it('leaves keys of another kind to jose, and keys for another algorithm', async () => {
    const jwk = await exportJWK(es256.publicKey)
    for (const key of [createPublicKey({ key: { ...jwk }, format: 'jwk' }), jwk]) {
      expect(await acceptCompactJwt(good, async () => key, rules)).toBeUndefined()
    }
    const rsa = await signerOf('RS256')
    const pss = await signerOf('PS256')
    expect(await acceptCompactJwt(await rsa.sign(claims), async () => pss.publicKey, rules)).toBeUndefined()
    expect(await acceptCompactJwt(good, async () => rsa.publicKey, rules)).toBeUndefined()
  })

  it.each([
    ['another type', claims, { typ: 'JWT' }],
    ['no type', claims, { typ: undefined }],
    ['a type in capitals', claims, { typ: 'AT+JWT' }],
    ['an extension that must be understood', claims, { crit: ['b64'], b64: true }],
    ['another issuer', { ...claims, iss: 'https://other.example' }, {}],
    ['no issuer', { ...claims, iss: undefined }, {}],
    ['another audience', { ...claims, aud: ['https://other.example'] }, {}],
    ['no audience', { ...claims, aud: undefined }, {}],
    ['no subject', { ...claims, sub: undefined }, {}],
    ['no exp', { ...claims, exp: undefined }, {}],
    ['an exp as text', { ...claims, exp: String(now + 600) }, {}],
    ['an iat of null', { ...claims, iat: null }, {}],
    ['an nbf that is a list', { ...claims, nbf: [now] }, {}],
    ['an endless exp', JSON.stringify(claims).replace(String(now + 600), '1e999'), {}],
    ['a list of claims', [claims], {}],
    ['null', null, {}],
    ['no JSON', '{', {}],
    ['a byte order mark', `\ufeff${JSON.stringify(claims)}`, {}],
    ['bytes that are no UTF-8', Buffer.from(JSON.stringify({ ...claims, name: '\xff' }), 'latin1'), {}],
  ])('leaves a signed token with %s to jose', async (_name, payload, header) => {
    const token = await es256.sign(payload, header)
    expect(await acceptCompactJwt(token, es256.keys, rules)).toBeUndefined()
  })

  it.each([
    ['two parts', good.split('.').slice(0, 2).join('.')],
    ['four parts', `${good}.AAAA`],
    ['an empty signature', withPart(2, () => '')],
    ['a blank in its signature', withPart(2, (part) => `${part} `)],
    ['padding', withPart(2, (part) => `${part}==`)],
    ['the alphabet of base64', withPart(1, (part) => `${part.slice(0, -1)}+`)],
    ['a signature of an impossible length', withPart(2, (part) => part.slice(0, -1))],
    ['a header that is no JSON', withPart(0, () => 'e30x')],
    ['no algorithm', withPart(0, () => Buffer.from('{"typ":"at+jwt"}').toString('base64url'))],
    ['the algorithm none', withPart(0, () => Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url'))],
    [
      'a shared secret as its algorithm',
      withPart(0, () => Buffer.from('{"alg":"HS256","typ":"at+jwt"}').toString('base64url')),
    ],
  ])('leaves a token with %s to jose', async (_name, token) => {
    expect(await acceptCompactJwt(token, es256.keys, rules)).toBeUndefined()
  })

  it('takes no algorithm that is not on the list, and asks for no key then', async () => {
    const neverAsked: JWTVerifyGetKey = async () => Promise.reject(new Error('asked for a key'))
    expect(await acceptCompactJwt(good, neverAsked, { ...rules, algorithms: ['EdDSA'] })).toBeUndefined()
    await expect(acceptCompactJwt(good, neverAsked, rules)).rejects.toThrow('asked for a key')
  })

  it('judges each token by its own header, however often one was read', async () => {
    const unknown = await es256.sign(claims, { kid: 'two' })
    for (let times = 0; times < 40; times += 1) {
      const token = await es256.sign(claims, { x: times })
      expect(await acceptCompactJwt(token, es256.keys, rules)).toMatchObject({ protectedHeader: { x: times } })
      await expect(acceptCompactJwt(unknown, es256.keys, rules)).rejects.toThrow(errors.JWKSNoMatchingKey)
    }
  })
})
