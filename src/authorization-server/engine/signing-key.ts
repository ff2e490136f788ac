/**
 * The key that signs our tokens, as the engine's external key: it signs at once, on this thread. An ES256 signature takes some
 * 40 µs; through Web Cryptography it takes three times that, because each waits for a thread of the pool and back. RSA, which is
 * slow enough to be worth a thread, stays with the engine.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto'
import { ExternalSigningKey, type JWK } from 'oidc-provider'

/** Bytes of R and of S on P-256. */
const integerBytes = 32

/**
 * An ECDSA signature as JWS writes it, R and S side by side (RFC 7518 §3.4), from the DER of OpenSSL: SEQUENCE { INTEGER r,
 * INTEGER s }, with a zero byte before an integer that would look negative and none of the zeros that lead one.
 */
function sideBySide(der: Uint8Array): Uint8Array {
  const signature = new Uint8Array(2 * integerBytes)
  let at = 2
  for (const end of [integerBytes, 2 * integerBytes]) {
    const length = der[at + 1] ?? 0
    const integer = der.subarray(at + 2, at + 2 + length)
    const digits = integer.subarray(Math.max(0, length - integerBytes))
    signature.set(digits, end - digits.length)
    at += 2 + length
  }
  return signature
}

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

  override async sign(data: Uint8Array): Promise<Uint8Array> {
    // Asked for the other encoding, Node would take twice as long: the key has to come inside an object, which it tries to
    // read as two kinds of key before.
    return sideBySide(sign('sha256', data, this.#private))
  }
}

/** A private key as the engine's `jwks` takes it. */
export function engineKey(jwk: JWK): JWK | ExternalSigningKey {
  return jwk.alg === 'ES256' ? new Es256Key(jwk) : jwk
}

/** The public halves, by `kid`, of the keys that sign access tokens. */
export function accessTokenKeys(jwks: readonly JWK[]): ReadonlyMap<string | undefined, KeyObject> {
  const ofCurve = jwks.filter(({ alg }) => alg === 'ES256')
  return new Map(
    ofCurve.map(({ kid, crv = '', x = '', y = '' }) => [
      kid,
      createPublicKey({ key: { kty: 'EC', crv, x, y }, format: 'jwk' }),
    ]),
  )
}
