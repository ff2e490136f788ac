/** The engine's grant for what one authorization allowed: each authorization has its own, so that ending one leaves the others alone. */
import type { default as Provider } from 'oidc-provider'
import { isOpenidScope } from '../resources.js'
import type { RequestedAccess } from './requested-access.js'

/** Saves a grant of these scopes and returns its id. */
export async function saveGrant(
  provider: Provider,
  { accountId, clientId }: { readonly accountId: string; readonly clientId: string },
  access: RequestedAccess,
  scopes: readonly string[],
): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId })
  const openid = scopes.filter(isOpenidScope)
  const ofResource = scopes.filter((scope) => !isOpenidScope(scope))
  if (openid.length > 0) grant.addOIDCScope(openid.join(' '))
  if (access.resource !== undefined && ofResource.length > 0) {
    grant.addResourceScope(access.resource.resource, ofResource.join(' '))
  }
  return grant.save()
}
