/** How a client signs for itself: `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9). */
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface ClientKey {
  readonly publicJwk: JWK
  readonly privateKey: CryptoKey
  readonly kid: string
}

export async function newClientKey(kid: string, alg: 'RS256' | 'ES256'): Promise<ClientKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  return { publicJwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, privateKey, kid }
}

/** An assertion as it must be, but for `claims` and `kid`. */
export function signClientAssertion(
  key: ClientKey,
  {
    clientId,
    audience,
    claims = {},
    kid = key.kid,
  }: {
    readonly clientId: string
    readonly audience: string
    readonly claims?: Readonly<Record<string, unknown>>
    readonly kid?: string
  },
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000)
  const id = crypto.randomUUID()
  const payload = { iss: clientId, sub: clientId, aud: audience, jti: id, iat: now, exp: now + 60, ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg: key.publicJwk.alg ?? '', kid }).sign(key.privateKey)
}
