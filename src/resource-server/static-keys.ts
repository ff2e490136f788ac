/** Configured public keys of an issuer, without a fetch (RFC 7517, RFC 7468). */
import { createPublicKey } from 'node:crypto'
import { createLocalJWKSet, errors, type JWK, type JWTVerifyGetKey } from 'jose'

/** A public key as PEM (SPKI, PKCS #1, or a certificate, whose dates and issuer are not checked) or as JWK. */
export type StaticKey = string | JWK

/** Members of private or symmetric keys. */
const secretMembers = ['d', 'k', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'priv']

function fromPem(pem: string): JWK {
  // Node would accept a private key and use its public half, but the operator must learn of the mistake.
  if (/PRIVATE KEY/.test(pem)) throw new TypeError('a private key was given where a public one belongs')
  return createPublicKey(pem).export({ format: 'jwk' })
}

function publicJwk(key: StaticKey): JWK {
  const jwk = typeof key === 'string' ? fromPem(key) : key
  if (jwk.kty === 'oct' || secretMembers.some((member) => member in jwk)) {
    throw new TypeError('a private or shared key was given where a public one belongs')
  }
  // Also checks immediately that it is a key.
  createPublicKey({ key: { ...jwk }, format: 'jwk' })
  return jwk
}

/**
 * A key source for `createJwtVerifier`. A key with a `kid` verifies tokens that name it, and those that name none; a key without `kid`,
 * such as any PEM, verifies any token of its type. Throws a TypeError for anything but a public key, and for an empty list.
 */
export function createStaticKeySet(keys: readonly StaticKey[]): JWTVerifyGetKey {
  const all = keys.map(publicJwk)
  if (all.length === 0) throw new TypeError('no key was given')
  const named = createLocalJWKSet({ keys: all })
  const nameless = createLocalJWKSet({ keys: all.filter(({ kid }) => kid === undefined) })
  return async (header, token) => {
    try {
      return await named(header, token)
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || header.kid === undefined) throw error
      const { kid: _, ...withoutKid } = header
      return nameless(withoutKid, token)
    }
  }
}
