/** A DPoP client's key, and proofs made with it (RFC 9449 §4.2), right or bent as a test wants them. */
import { createHash, randomUUID } from 'node:crypto'
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export interface ProofRequest {
  readonly method?: string
  readonly url: string
  /** The access token it accompanies; none at the token endpoint. */
  readonly token?: string
  /** Replace what is usual; `undefined` removes. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

export interface DpopKey {
  readonly publicJwk: JWK
  readonly privateJwk: JWK
  /** RFC 7638, as in `cnf.jkt`. */
  readonly thumbprint: string
  prove(request: ProofRequest, signingKey?: CryptoKey): Promise<string>
}

export async function createDpopKey(algorithm = 'ES256'): Promise<DpopKey> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const publicJwk = await exportJWK(publicKey)
  return {
    publicJwk,
    privateJwk: await exportJWK(privateKey),
    thumbprint: await calculateJwkThumbprint(publicJwk),
    prove: ({ method = 'POST', url, token, claims = {}, header = {} }, signingKey = privateKey) => {
      const ath = token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') }
      const usual = { htm: method, htu: url, iat: Math.floor(Date.now() / 1000), jti: randomUUID(), ...ath }
      return new SignJWT({ ...usual, ...claims })
        .setProtectedHeader(Object.assign({ alg: algorithm, typ: 'dpop+jwt', jwk: publicJwk }, header))
        .sign(signingKey)
    },
  }
}

/** A JWT without a signature, or with that text in its place. */
export function unsignedJwt(header: object, payload: object, signature = ''): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${encode(header)}.${encode(payload)}.${signature}`
}
