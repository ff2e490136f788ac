/**
 * Introspection (RFC 7662) of JWT access tokens, which the engine refuses: a resource server that only introspects gets the same
 * answer as for an opaque token. Revoked tokens are inactive at once, by the same facts as the feed.
 */
import { formatScope, parseScope } from '../../oauth/scope.js'
import { standingOf } from '../../storage/revocations/revocations.js'
import type { Storage } from '../../storage/storage.js'
import type { EngineClient } from '../engine/engine-types.js'
import { mayIntrospect } from '../resources/introspected.js'
import type { Resources } from '../resources/resources.js'
import type { ReadSelfContained, SelfContainedToken } from './self-contained-tokens.js'

export type IntrospectSelfContained = (token: string, client: EngineClient) => Promise<Record<string, unknown>>

const inactive = { active: false } as const

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** The one resource of a token that the client may ask about (RFC 7662 §4); `undefined`: the token is not for it. */
function audienceFor(
  { claims: { aud } }: SelfContainedToken,
  client: EngineClient,
  resources: Resources,
): string | undefined {
  const [audience, ...others] = [aud ?? []].flat()
  if (client.clientAuthMethod === 'none' || others.length > 0 || audience === undefined) return undefined
  return mayIntrospect(client['introspects'], audience, resources) ? audience : undefined
}

/** Answers for a client that has authenticated. */
export function introspectSelfContained(
  storage: Storage,
  resources: Resources,
  read: ReadSelfContained,
): IntrospectSelfContained {
  return async (text, client) => {
    // No tolerance: the clock that wrote `exp` is the one that reads it.
    const token = await read(text, 0)
    const audience = token === undefined ? undefined : audienceFor(token, client, resources)
    if (token === undefined || audience === undefined) return inactive
    const { claims, keyId } = token
    const { revoked, kept } = await standingOf(storage, {
      grantHash: textOf(claims['gid']),
      tokenId: claims.jti,
      clientId: textOf(claims['client_id']),
      accountId: claims.sub,
      keyId,
      issuedAt: claims.iat,
      audience,
    })
    if (revoked) return inactive
    const scope = parseScope(textOf(claims['scope'])).filter((each) => kept.every((scopes) => scopes.includes(each)))
    const { cnf } = claims
    const isBound = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf
    return {
      ...claims,
      ...(kept.length > 0 && { scope: formatScope(scope) }),
      active: true,
      token_type: isBound ? 'DPoP' : 'Bearer',
    }
  }
}
