import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { ExternalSigningKey, type JWK } from 'oidc-provider'
import { engineKey } from '../../src/authorization-server/engine/signing-key.js'

describe('The key that signs tokens', () => {
  it('writes R and S side by side, however short one of them happens to be (RFC 7518 §3.4)', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const key = engineKey({ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', kid: 'one' } as JWK)
    if (!(key instanceof ExternalSigningKey)) throw new Error('the engine would sign by itself')
    const publicKey: KeyObject = await key.keyObject()
    let short = 0
    // One integer in 256 has a leading zero byte, so that its DER is shorter.
    for (let round = 0; round < 2_000; round += 1) {
      const data = Buffer.from(`token ${round}`)
      const signature = await key.sign(data)
      expect(signature).toHaveLength(64)
      expect(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
      if (signature[0] === 0 || signature[32] === 0) short += 1
    }
    expect(short).toBeGreaterThan(0)
  })
})
