/** Checks the key set that the operator gives a client. Otherwise a bad key would show only at the client's first assertion. */
import { createPublicKey, type JsonWebKey } from 'node:crypto'

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Kinds of keys (RFC 7518 §6.1, RFC 8037 §2) that sign client assertions here. */
const signingKinds: ReadonlySet<unknown> = new Set(['EC', 'OKP', 'RSA'])

function kindOf(algorithm: string): string {
  if (algorithm.startsWith('E')) return algorithm.startsWith('ES') ? 'EC' : 'OKP'
  return 'RSA'
}

function isReadable(key: Readonly<Record<string, unknown>>): boolean {
  try {
    createPublicKey({ key: key as JsonWebKey, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/**
 * What is wrong with `jwks` (RFC 7517 §5), one sentence each, beginning with the member. `algorithm`: the one that the client's assertions
 * must have (`token_endpoint_auth_signing_alg`), if any. The engine checks the rest of a key.
 */
export function keySetMistakes(jwks: unknown, algorithm: unknown): string[] {
  if (!isObject(jwks)) return []
  const keys: unknown = jwks['keys']
  if (!Array.isArray(keys) || keys.length === 0) return ['jwks.keys must be a list of public keys']
  const mistakes = keys.flatMap((key: unknown, index) => {
    if (!isObject(key)) return [`jwks.keys[${index}] must be an object`]
    return signingKinds.has(key['kty']) && !isReadable(key) ? [`jwks.keys[${index}] is no ${key['kty']} key`] : []
  })
  const kinds = keys.map((key: unknown) => (isObject(key) ? key['kty'] : undefined))
  const isUseful =
    typeof algorithm === 'string' ? kinds.includes(kindOf(algorithm)) : kinds.some((kind) => signingKinds.has(kind))
  if (!isUseful) mistakes.push(`jwks holds no key that signs ${typeof algorithm === 'string' ? algorithm : 'anything'}`)
  return mistakes
}
