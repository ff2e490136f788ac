/**
 * The key that signs our tokens, as the engine's external key: it signs at once, on this thread. An ES256 signature takes some
 * 40 µs; through Web Cryptography it takes three times that, because each waits for a thread of the pool and back. RSA, which is
 * slow enough to be worth a thread, stays with the engine.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { ExternalSigningKey, type JWK } from 'oidc-provider'

class Es256Key extends ExternalSigningKey {
  readonly #kid: string | undefined
  readonly #private: KeyObject
  readonly #public: KeyObject

  constructor(jwk: JWK) {
    super()
    this.#kid = jwk.kid
    const { crv = '', x = '', y = '', d = '' } = jwk
    this.#private = createPrivateKey({ key: { kty: 'EC', crv, x, y, d }, format: 'jwk' })
    this.#public = createPublicKey(this.#private)
  }

  override get kid(): string | undefined {
    return this.#kid
  }

  override get alg(): string {
    return 'ES256'
  }

  override keyObject(): KeyObject {
    return this.#public
  }

  /** RFC 7518 §3.4: R and S side by side, not DER. */
  override async sign(data: Uint8Array): Promise<Uint8Array> {
    return sign('sha256', data, { key: this.#private, dsaEncoding: 'ieee-p1363' })
  }
}

/** A private key as the engine's `jwks` takes it. */
export function engineKey(jwk: JWK): JWK | ExternalSigningKey {
  return jwk.alg === 'ES256' ? new Es256Key(jwk) : jwk
}
