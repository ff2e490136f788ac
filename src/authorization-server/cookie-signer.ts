/**
 * Signs and checks cookies as the package keygrip does, for Koa and the engine: the same signatures, with one HMAC for each check in place
 * of three. keygrip hides by two further HMACs where two texts differ; `timingSafeEqual` compares them in constant time.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'

export class CookieSigner {
  readonly #keys: readonly [KeyObject, ...KeyObject[]]

  /** Signs with the first key and takes the signatures of all. Throws for no key at all. */
  constructor(keys: readonly string[]) {
    const [first, ...others] = keys.map((key) => createSecretKey(key, 'utf8'))
    if (first === undefined) throw new Error('there is no key to sign cookies with')
    this.#keys = [first, ...others]
  }

  /** `data`: a cookie's name and value, joined by `=`. */
  sign(data: string): string {
    return signature(data, this.#keys[0])
  }

  /** Which key made the signature; -1: none of them. */
  index(data: string, given: string): number {
    const bytes = Buffer.from(given)
    return this.#keys.findIndex((key) => {
      const expected = Buffer.from(signature(data, key))
      return expected.length === bytes.length && timingSafeEqual(expected, bytes)
    })
  }

  verify(data: string, given: string): boolean {
    return this.index(data, given) >= 0
  }
}

/** SHA-1 is keygrip's default, and what cookies were signed with so far; as an HMAC it is not known to be weak (RFC 6194 §3.3). */
function signature(data: string, key: KeyObject): string {
  return createHmac('sha1', key).update(data).digest('base64url')
}
