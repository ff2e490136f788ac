/** Limits on key sets of strangers: each refused signature costs the server an attempt with every matching key. Pure. */

/** Known clients have one to three. */
export const maxKeys = 10

/** Bits. Smaller keys are not safe (RFC 7518 §3.3); larger ones, and large exponents, cost a hundred times as much. */
const shortestModulus = 2_048
const longestModulus = 4_096
const longestExponent = 32

/** For messages; names no key. */
export const rsaKeyRule = `an RSA key has ${shortestModulus} to ${longestModulus} bits and an exponent of at most ${longestExponent}`

/** An operator's client may keep its keys (`jwks_uri`) on the same machine, without TLS. */
export const operatorsOwnKeys = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:[/?]|$)/i

/** The keys of a key set; empty for anything else. */
export function keysOf(set: unknown): readonly unknown[] {
  const keys = typeof set === 'object' && set !== null && 'keys' in set ? set.keys : []
  return Array.isArray(keys) ? keys : []
}

function bitsOf(base64url: string): number {
  const bytes = Buffer.from(base64url, 'base64url')
  const first = bytes.findIndex((byte) => byte !== 0)
  return first === -1 ? 0 : (bytes.length - first - 1) * 8 + (32 - Math.clz32(bytes[first] ?? 0))
}

/** True for an RSA key (RFC 7518 §6.3.1) outside these bounds. Other code refuses what is not a key. */
export function isOutsizedKey(key: unknown): boolean {
  if (typeof key !== 'object' || key === null || !('kty' in key) || key.kty !== 'RSA') return false
  const { n, e } = key as { readonly n?: unknown; readonly e?: unknown }
  if (typeof n !== 'string' || typeof e !== 'string') return false
  const modulus = bitsOf(n)
  return modulus < shortestModulus || modulus > longestModulus || bitsOf(e) > longestExponent
}
