/** Which authorization requests must use PKCE (RFC 7636): all but those of one kind of client, where the operator says so. */
import { isSignInAlone } from '../endpoints/requested-scopes.js'
import type { EngineClient, EngineRequest } from '../engine/engine-types.js'

/**
 * OAuth 2.1 §7.5.1 lets a confidential OpenID Connect client rely on `nonce` instead. The exception takes the operator's word
 * (`require_pkce: false`), a client that authenticates, `openid` with `nonce`, and no resource: MCP requires PKCE of every client.
 * A code without a challenge is refused at the token endpoint if a verifier comes with it (RFC 9700 §2.1.1, downgrade).
 */
export function requiresPkce({ params }: EngineRequest, client: EngineClient): boolean {
  const isExcepted = client['made_by_operator'] === true && client['require_pkce'] === false
  const { scope, nonce, resource } = params ?? {}
  const bringsNonce = typeof nonce === 'string' && nonce !== ''
  const namesNoResource = resource === undefined && isSignInAlone(typeof scope === 'string' ? scope : undefined)
  return !(isExcepted && client.clientAuthMethod !== 'none' && bringsNonce && namesNoResource)
}
