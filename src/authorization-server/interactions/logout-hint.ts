/**
 * Verifies the `id_token_hint` of a logout request before the engine uses it. The engine looks up the audience of the unverified
 * token as a client: anyone could make this server fetch any URL, and the page would name a made-up client.
 */
import { compactVerify, createLocalJWKSet, decodeJwt, type JWK } from 'jose'
import type { HttpMiddleware } from '../../http/context.js'
import { OAuthError } from '../../oauth/errors.js'
import type { KeyRing } from '../../storage/keys/key-ring.js'
import { giveParameters } from '../engine/engine-parameters.js'
import { routes } from '../routes.js'

/** Longer than any ID token of this server. */
const longestHint = 8_192

function publicPart({ kty, crv, x, y, n, e, kid, alg, use }: JWK): JWK {
  const members = { kty, crv, x, y, n, e, kid, alg, use }
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as JWK
}

function refusal(detail: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_request', 'the id_token_hint is not one of this server', { detail, cause })
}

/**
 * Middleware ahead of the engine. The hint must be an ID token that this issuer signed; it may have expired (RP-Initiated Logout §4). Throws
 * OAuthError `invalid_request`, which a person sees as a page. `/logout/success` loses its query: the engine would look up the client it
 * names, for a page that names none.
 */
export function verifyLogoutHints(issuer: string, keyRing: Pick<KeyRing, 'follow'>): HttpMiddleware {
  let keys = createLocalJWKSet({ keys: [] })
  keyRing.follow(({ signing }) => {
    keys = createLocalJWKSet({ keys: signing.map(publicPart) })
  })
  const verify = async (hint: string) => {
    if (hint.length > longestHint) throw refusal('too long')
    const { protectedHeader } = await compactVerify(hint, keys).catch((cause: unknown) => {
      throw refusal('its signature was not made by this server', cause)
    })
    // An access token is signed with the same keys, and its audience is a resource.
    if (protectedHeader.typ !== undefined && protectedHeader.typ.toUpperCase() !== 'JWT')
      throw refusal('not an ID token')
    if (decodeJwt(hint).iss !== issuer) throw refusal('of another issuer')
  }
  return async (ctx, next) => {
    if (ctx.path === `${routes.end_session}/success`) giveParameters(ctx, new URLSearchParams())
    if (ctx.path === routes.end_session) {
      // Given twice, the engine refuses it before it looks at either.
      const [hint, ...more] = new URLSearchParams(ctx.querystring).getAll('id_token_hint')
      if (hint !== undefined && hint !== '' && more.length === 0) await verify(hint)
    }
    return next()
  }
}
