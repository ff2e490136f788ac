/** The error for a grant type that a client is not registered for (RFC 6749 §5.2, RFC 8628 §3.2). */
import { deviceCodeGrant, type GrantSwitches, grantTypeNamed, isOn } from '../../oauth/grant-types.js'
import { currentRequest } from './engine-context.js'
import { engineError } from './engine-errors.js'
import type { EngineClient, EngineRequest } from './engine-types.js'

/** What this request itself asks for; the engine also asks about other grant types on the way. */
function requestedGrantType(request: EngineRequest | undefined): unknown {
  if (request?.route === 'device_authorization') return deviceCodeGrant
  return request?.route === 'token' ? request.params?.['grant_type'] : undefined
}

interface GrantTypeCheck {
  grantTypeAllowed(this: EngineClient, grantType: string): boolean
}

/**
 * The engine calls such a request invalid; a client learns more from `unauthorized_client`, which is about this client, and
 * `unsupported_grant_type`, which is about this server. A grant type may be known
 * to the engine while it is off, so that clients that were registered for it still have their others.
 */
export function explainRefusedGrantTypes(
  { Client }: { readonly Client: { readonly prototype: GrantTypeCheck } },
  switches: GrantSwitches,
): void {
  const { prototype } = Client
  const { grantTypeAllowed } = prototype
  prototype.grantTypeAllowed = function explained(grantType) {
    const isAllowed = grantTypeAllowed.call(this, grantType)
    if (requestedGrantType(currentRequest()) !== grantType) return isAllowed
    const known = grantTypeNamed(grantType)
    if (known !== undefined && !isOn(known, switches)) throw engineError('unsupported_grant_type')
    if (!isAllowed) {
      throw engineError('unauthorized_client', { description: 'requested grant type is not allowed for this client' })
    }
    return true
  }
}
