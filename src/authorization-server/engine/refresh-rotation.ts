/**
 * Which refresh tokens are rotated (RFC 9700 §4.14.2: rotation or sender-constraining). Those of public clients always are, also when they
 * are bound to a key: MCP demands it. Those of a client that authenticates and proves a key are not. A thief would need the client's
 * credential, and FAPI 2.0 §5.3.2.1 forbids rotation, because an answer that is lost must not cost the client its access.
 */
import type { KoaContextWithOIDC, TokenEndpointGrantContext } from 'oidc-provider'
import { validateDpop } from 'oidc-provider/lib/helpers/grants.js'

/**
 * A token that is used lives on: in its last part it is rotated, because only a new token has a new end. The same part as the engine's own
 * policy.
 */
const renewedAfterPercent = 70

/** The engine's `rotateRefreshToken`: asked when the refresh token, the client and the proof of the request are verified. */
export async function rotatesRefreshToken(ctx: KoaContextWithOIDC): Promise<boolean> {
  const { client, provider, entities } = ctx.oidc
  if (client === undefined || client.clientAuthMethod === 'none') return true
  // The engine keeps what it verified for this request.
  const proof = await validateDpop(provider, ctx as TokenEndpointGrantContext)
  if (proof === undefined) return true
  return (entities.RefreshToken?.ttlPercentagePassed() ?? 100) >= renewedAfterPercent
}
