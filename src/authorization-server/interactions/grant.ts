/** The engine's grant for what one authorization allowed: each authorization has its own, so that ending one leaves the others alone. */
import { refusedToStay } from '../../storage/grants/consents.js'
import type { Engine, EngineGrant } from '../engine/engine-types.js'
import type { AllowedAccess, RequestedAccess } from './requested-access.js'

const offlineAccess = 'offline_access'

/** False for a grant whose person refused to let the client stay connected. */
export function mayStayConnected(grant: Pick<EngineGrant, 'getRejectedOIDCScope'> | undefined): boolean {
  return grant === undefined || !grant.getRejectedOIDCScope().split(' ').includes(offlineAccess)
}

/**
 * True if the client asked for `offline_access` and the person left it out, now or, of a client that does not ask for it this time, before.
 * `remembered`: what the person last said of each scope.
 */
export function isRefusedToStay(
  access: RequestedAccess,
  { openid }: AllowedAccess,
  remembered: readonly string[],
): boolean {
  const asksForIt = access.openid.includes(offlineAccess)
  return asksForIt ? !openid.includes(offlineAccess) : remembered.includes(refusedToStay)
}

/**
 * Saves a grant of these scopes and returns its id. Where the request named claims of a scope, and not the scope, the grant is of those claims
 * alone. If the person refused to let the client stay connected, the grant says so: no refresh token is issued under it (OpenID Connect
 * Core §11). A client that never asked for it gets one as usual.
 */
export async function saveGrant(
  { Grant }: Pick<Engine, 'Grant'>,
  { accountId, clientId }: { readonly accountId: string; readonly clientId: string },
  access: RequestedAccess,
  allowed: AllowedAccess,
  remembered: readonly string[],
): Promise<string> {
  const grant = new Grant({ accountId, clientId })
  const openid = allowed.openid.filter((scope) => access.scopeNames.has(scope))
  const claims = allowed.openid.flatMap((scope) => access.claims.get(scope) ?? [])
  if (isRefusedToStay(access, allowed, remembered)) grant.rejectOIDCScope(offlineAccess)
  if (openid.length > 0) grant.addOIDCScope(openid.join(' '))
  if (claims.length > 0) grant.addOIDCClaims(claims)
  for (const [resource, scopes] of allowed.ofResources) grant.addResourceScope(resource, scopes.join(' '))
  return grant.save()
}
