import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair, importJWK } from 'jose'
import { createStaticKeySet, type StaticKey } from '../../src/resource-server/static-keys.js'
import { createJwtVerifier } from '../../src/resource-server/verifier.js'
import {
  createSigningKey,
  resource,
  type SigningKey,
  startTokenIssuer,
  type TokenIssuer,
} from '../support/token-issuer.js'

let issuer: TokenIssuer
let rsa: SigningKey

beforeAll(async () => {
  issuer = await startTokenIssuer()
  rsa = await createSigningKey('rsa-1', 'RS256')
})
afterAll(() => issuer.close())

async function pemOf({ publicJwk }: SigningKey): Promise<string> {
  const key = await importJWK(publicJwk, publicJwk.alg ?? '', { extractable: true })
  if (key instanceof Uint8Array) throw new Error('expected a public key')
  return exportSPKI(key)
}

function verifierWith(...keys: StaticKey[]) {
  const clock = { now: () => new Date() }
  return createJwtVerifier({ issuer: issuer.issuer, audience: resource, keys: createStaticKeySet(keys), clock })
}

const invalid = { code: 'invalid_token', status: 401 }

describe('keys that are known beforehand', () => {
  it('verify tokens without anything being fetched: PEM, with and without kid in the token', async () => {
    const verify = verifierWith(await pemOf(issuer.key))
    for (const kid of ['key-1', 'any', undefined]) {
      await expect(verify(await issuer.sign({}, { kid }))).resolves.toMatchObject({ clientId: 'client-1' })
    }
    expect(issuer.hits.size).toBe(0)
  })

  it('verify tokens that name their kid, and not those that name another', async () => {
    const verify = verifierWith(issuer.key.publicJwk)
    await expect(verify(await issuer.sign())).resolves.toBeDefined()
    await expect(verify(await issuer.sign({}, { kid: undefined }))).resolves.toBeDefined()
    await expect(verify(await issuer.sign({}, { kid: 'key-2' }))).rejects.toMatchObject(invalid)
  })

  it('may be several, of several kinds: the old one and the new one', async () => {
    const verify = verifierWith(issuer.key.publicJwk, await pemOf(rsa))
    await expect(verify(await issuer.sign())).resolves.toBeDefined()
    const signed = await issuer.sign({}, { alg: 'RS256', kid: 'rsa-1' }, rsa.privateKey)
    await expect(verify(signed)).resolves.toBeDefined()
  })

  it('refuse a signature of any other key', async () => {
    const other = await createSigningKey('key-1')
    const verify = verifierWith(await pemOf(issuer.key))
    await expect(verify(await issuer.sign({}, {}, other.privateKey))).rejects.toMatchObject(invalid)
    const rsaSigned = await issuer.sign({}, { alg: 'RS256', kid: 'rsa-1' }, rsa.privateKey)
    await expect(verify(rsaSigned)).rejects.toMatchObject(invalid)
  })

  it('are public keys: everything else is a mistake that is told at once', async () => {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const mistakes: [StaticKey, string][] = [
      [await exportPKCS8(privateKey), 'private'],
      [await exportJWK(privateKey), 'private'],
      [{ kty: 'oct', k: 'c2VjcmV0' }, 'private or shared'],
      ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', ''],
      ['no key', ''],
      [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }, ''],
      [{}, ''],
    ]
    for (const [key, message] of mistakes) expect(() => createStaticKeySet([key])).toThrow(message)
    expect(() => createStaticKeySet([])).toThrow('no key')
  })
})
