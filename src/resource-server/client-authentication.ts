/** Authenticates this resource server as a client of the authorization server (RFC 6749 §2.3.1, RFC 7523 §2.2). */
import { createPrivateKey, randomUUID } from 'node:crypto'
import { type JWK, SignJWT } from 'jose'
import type { VerifierClock } from './access-token.js'

/** The credentials of this resource server, not of a client that calls it. */
export type ClientCredentials = SecretCredentials | KeyCredentials

interface SecretCredentials {
  readonly clientId: string
  readonly clientSecret: string
  /** Default client_secret_basic. */
  readonly clientAuthMethod?: 'client_secret_basic' | 'client_secret_post'
}

/** private_key_jwt: no secret is sent. */
interface KeyCredentials {
  readonly clientId: string
  /** PEM (PKCS #8) or private JWK; its `kid` is named in assertions. */
  readonly privateKey: string | JWK
  /** Default: the JWK's `alg`, or ES256. */
  readonly signingAlgorithm?: string
  /** The key's name at the authorization server; default: the JWK's `kid`. */
  readonly keyId?: string
  /** `aud` of the assertions; default: the issuer identifier. */
  readonly assertionAudience?: string
}

/** Headers and form parameters to add to a request. */
export interface AuthenticatedPart {
  readonly headers: Readonly<Record<string, string>>
  readonly parameters: Readonly<Record<string, string>>
}

export interface ClientAuthenticationContext {
  readonly issuer: string
  readonly clock: VerifierClock
  /** Creates the `jti` of an assertion. */
  readonly newId?: () => string
}

/** Long enough for a slow request and clock differences. */
const assertionLifetimeSeconds = 60

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials(clientId: string, clientSecret: string): string {
  const encode = (value: string) => new URLSearchParams({ value }).toString().slice('value='.length)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}

function signAssertions(credentials: KeyCredentials, context: ClientAuthenticationContext): () => Promise<string> {
  const { clientId, privateKey } = credentials
  const jwk = typeof privateKey === 'string' ? undefined : privateKey
  const alg = credentials.signingAlgorithm ?? jwk?.alg ?? 'ES256'
  const kid = credentials.keyId ?? jwk?.kid
  const key = createPrivateKey(typeof privateKey === 'string' ? privateKey : { key: { ...privateKey }, format: 'jwk' })
  const newId = context.newId ?? randomUUID
  return async () => {
    const now = Math.floor(context.clock.now().getTime() / 1000)
    return new SignJWT({ jti: newId() })
      .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
      .setIssuer(clientId)
      .setSubject(clientId)
      .setAudience(credentials.assertionAudience ?? context.issuer)
      .setIssuedAt(now)
      .setExpirationTime(now + assertionLifetimeSeconds)
      .sign(key)
  }
}

/**
 * Prepares the authentication. Each call returns the authentication of one request, because an assertion is valid once. Throws immediately
 * if the private key is invalid.
 */
export function createClientAuthentication(
  credentials: ClientCredentials,
  context: ClientAuthenticationContext,
): () => Promise<AuthenticatedPart> {
  const { clientId } = credentials
  if ('privateKey' in credentials) {
    const assertion = signAssertions(credentials, context)
    return async () => ({
      headers: {},
      parameters: {
        client_id: clientId,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: await assertion(),
      },
    })
  }
  const { clientSecret } = credentials
  const part: AuthenticatedPart =
    credentials.clientAuthMethod === 'client_secret_post'
      ? { headers: {}, parameters: { client_id: clientId, client_secret: clientSecret } }
      : { headers: { authorization: basicCredentials(clientId, clientSecret) }, parameters: {} }
  return async () => part
}
