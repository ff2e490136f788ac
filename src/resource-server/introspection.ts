/** Verifies opaque access tokens by asking the authorization server (RFC 7662). */
import {
  type FetchFunction,
  invalidToken,
  type TokenVerifier,
  type VerifierClock,
  verificationUnavailable,
} from './access-token.js'
import { accessTokenFromClaims } from './claims.js'

export interface IntrospectionVerifierOptions {
  /** The introspection endpoint; asked for each call, so that it may come from discovery. */
  readonly endpoint: () => Promise<string>
  /** This resource server's own credentials (client_secret_basic), not those of any client it serves. */
  readonly clientId: string
  readonly clientSecret: string
  readonly issuer: string
  /** Canonical identifier of this resource; an answer for another one is refused. */
  readonly audience: string
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** Difference of clocks that is forgiven; default 5. */
  readonly clockToleranceSeconds?: number
  /** Take tokens bound to a key (DPoP): only for a caller that checks proofs, as `authenticate` does. Default false. */
  readonly takesBoundTokens?: boolean
}

/** RFC 6749 §2.3.1: both halves are form-encoded before they are joined. */
function basicCredentials(clientId: string, clientSecret: string): string {
  const encode = (value: string) => new URLSearchParams({ value }).toString().slice('value='.length)
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(clientSecret)}`).toString('base64')}`
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

async function introspect(token: string, options: IntrospectionVerifierOptions): Promise<Record<string, unknown>> {
  const endpoint = await options.endpoint()
  try {
    const response = await options.fetch(endpoint, {
      method: 'POST',
      headers: {
        accept: 'application/json',
        authorization: basicCredentials(options.clientId, options.clientSecret),
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    })
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    const answer: unknown = await response.json()
    if (!isObject(answer) || typeof answer['active'] !== 'boolean') throw new Error('not an introspection answer')
    return answer
  } catch (error) {
    throw verificationUnavailable(`introspection failed: ${String(error)}`, error)
  }
}

/**
 * Checks `active`, `aud`, `exp`, `client_id`, and `iss` when the answer has one. An answer without `aud` or `exp` is refused: such
 * a token could be meant for anybody, or for ever. Does not cache; wrap it in `cacheVerifiedTokens`.
 */
export function createIntrospectionVerifier(options: IntrospectionVerifierOptions): TokenVerifier {
  return async (token) => {
    const claims = await introspect(token, options)
    if (claims['active'] !== true) throw invalidToken('introspection says it is not active')
    const accessToken = accessTokenFromClaims(claims, {
      issuer: options.issuer,
      audience: options.audience,
      now: Math.floor(options.clock.now().getTime() / 1000),
      clockToleranceSeconds: options.clockToleranceSeconds ?? 5,
      maxLifetimeSeconds: Number.POSITIVE_INFINITY,
      takesBoundTokens: options.takesBoundTokens ?? false,
    })
    const type = claims['token_type']
    const expected = accessToken.keyThumbprint === undefined ? 'bearer' : 'dpop'
    if (type !== undefined && String(type).toLowerCase() !== expected)
      throw invalidToken('its type fits not its binding')
    return accessToken
  }
}
