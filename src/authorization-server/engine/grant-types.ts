/** The error for a grant type that a client is not registered for (RFC 6749 §5.2, RFC 8628 §3.2). */
import { errors, type KoaContextWithOIDC, Provider } from 'oidc-provider'
import { deviceCodeGrant } from '../../oauth/registration.js'

/** What this request itself asks for; the engine also asks about other grant types on the way. */
function requestedGrantType(oidc: KoaContextWithOIDC['oidc'] | undefined): unknown {
  if (oidc?.route === 'device_authorization') return deviceCodeGrant
  return oidc?.route === 'token' ? oidc.params?.['grant_type'] : undefined
}

/**
 * The engine calls such a request invalid; a client learns more from `unauthorized_client`, which is about this client, and
 * `unsupported_grant_type`, which is about this server. `isOffered`: whether any client may use it here. A grant type may be known
 * to the engine and not offered, so that clients that were registered for it still have their others.
 */
export function explainRefusedGrantTypes(provider: Provider, isOffered: (grantType: string) => boolean): void {
  const { prototype } = provider.Client
  const { grantTypeAllowed } = prototype
  prototype.grantTypeAllowed = function explained(grantType) {
    const isAllowed = grantTypeAllowed.call(this, grantType)
    if (requestedGrantType(Provider.ctx?.oidc) !== grantType) return isAllowed
    if (!isOffered(grantType)) throw new errors.UnsupportedGrantType()
    if (!isAllowed) throw new errors.UnauthorizedClient('requested grant type is not allowed for this client')
    return true
  }
}
