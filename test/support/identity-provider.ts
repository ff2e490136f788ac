/** A stand-in identity provider on loopback that signs identity assertions (ID-JAG), right or bent as a test wants them. */
import { randomUUID } from 'node:crypto'
import { type CryptoKey, SignJWT } from 'jose'
import { createSigningKey, type LoopbackServer, type SigningKey, startLoopbackServer } from './token-issuer.js'

export interface AssertionRequest {
  /** Replace what is usual; `undefined` removes. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: CryptoKey | Uint8Array
}

export interface IdentityProvider extends LoopbackServer {
  readonly issuer: string
  readonly key: SigningKey
  assert(request?: AssertionRequest): Promise<string>
}

/** `usual` are the claims of its assertions besides iss, iat, exp and jti. */
export async function startIdentityProvider(usual: Readonly<Record<string, unknown>> = {}): Promise<IdentityProvider> {
  const server = await startLoopbackServer()
  const key = await createSigningKey('idp-1')
  server.routes.set('/jwks', { body: { keys: [key.publicJwk] } })
  return {
    ...server,
    issuer: server.origin,
    key,
    assert: ({ claims = {}, header = {}, key: signingKey = key.privateKey } = {}) => {
      const now = Math.floor(Date.now() / 1000)
      const times = { iss: server.origin, iat: now, exp: now + 300, jti: randomUUID() }
      return new SignJWT({ ...times, ...usual, ...claims })
        .setProtectedHeader(
          Object.assign({ alg: 'ES256', kid: String(key.publicJwk.kid), typ: 'oauth-id-jag+jwt' }, header),
        )
        .sign(signingKey)
    },
  }
}
