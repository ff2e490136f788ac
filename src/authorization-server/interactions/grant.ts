/** The engine's grant for what one authorization allowed: each authorization has its own, so that ending one leaves the others alone. */
import type { default as Provider } from 'oidc-provider'
import { isOpenidScope } from '../resources.js'
import type { RequestedAccess } from './requested-access.js'

/**
 * Saves a grant of these scopes and returns its id. Where the request named claims of a scope, and not the scope, the grant is of those claims
 * alone.
 */
export async function saveGrant(
  provider: Provider,
  { accountId, clientId }: { readonly accountId: string; readonly clientId: string },
  access: RequestedAccess,
  scopes: readonly string[],
): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId })
  const openid = scopes.filter((scope) => isOpenidScope(scope) && access.scopeNames.has(scope))
  const claims = scopes.flatMap((scope) => access.claims.get(scope) ?? [])
  const ofResource = scopes.filter((scope) => !isOpenidScope(scope))
  if (openid.length > 0) grant.addOIDCScope(openid.join(' '))
  if (claims.length > 0) grant.addOIDCClaims(claims)
  if (access.resource !== undefined && ofResource.length > 0) {
    grant.addResourceScope(access.resource.resource, ofResource.join(' '))
  }
  return grant.save()
}
