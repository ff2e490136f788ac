/**
 * The scopes of an access token for a resource: those that were granted, with what they include, and the granted scopes of this server
 * itself. The engine would leave out both. The token's `scope` claim, introspection and the token response then say the same.
 *
 * Registers the engine's own grants again with two of their helpers extended. The engine calls `validateGrant` before it judges the
 * scope of a refresh, and `applyAuthorizationDetails` after it has chosen a token's scope and before it stores or signs the token.
 */
import {
  type AccessToken,
  type ClientCredentials,
  errors,
  type Grant,
  type Provider,
  type TokenEndpointGrantContext,
} from 'oidc-provider'
import * as engineGrants from 'oidc-provider/lib/actions/grants/index.js'
import * as engineHelpers from 'oidc-provider/lib/helpers/grants.js'
import { type ResourceDeclaration, scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, formatScope, parseScope } from '../../oauth/scope.js'
import type { Resources } from '../resources/resources.js'
import { scopesForRefresh } from './requested-scopes.js'

interface Parameters {
  readonly resource?: string | readonly string[] | undefined
  scope?: string | undefined
}

type Context = TokenEndpointGrantContext<Parameters>

/** The credential that a token is issued for: a code, a device code or a refresh token. */
interface Source extends engineHelpers.AuthorizationDetailsSource {
  readonly kind: string
  scope?: string | undefined
}

function grantedBy(grant: Grant, resource: ResourceDeclaration): ReadonlySet<string> {
  return expandScopes(parseScope(grant.getResourceScope(resource.resource)), scopeHierarchyOf(resource))
}

/** Writes what a refresh asks for into its parameters, before the engine compares that with what was granted. */
function readRefreshScope({ oidc: { params } }: Context, grant: Grant, resources: Resources): void {
  if (params.grant_type !== 'refresh_token' || params.scope === undefined) return
  const named = [params.resource ?? []].flat()
  const identifiers = named.length > 0 ? named : Object.keys(grant.resources ?? {})
  const granted = identifiers.flatMap((identifier) => {
    const resource = resources.find(identifier)
    return resource === undefined ? [] : [...grantedBy(grant, resource)]
  })
  params.scope = scopesForRefresh(params.scope, {
    identity: parseScope(grant.getOIDCScope()),
    ofResource: granted,
    namesResource: named.length > 0,
  })
}

/** Those of this server first, then those of the resource in the order of its declaration. */
function carriedScopes(asked: readonly string[], resource: ResourceDeclaration, grant: Grant | undefined): string[] {
  const wanted = expandScopes(asked, scopeHierarchyOf(resource))
  const granted = grant === undefined ? wanted : grantedBy(grant, resource)
  const identity = new Set(parseScope(grant?.getOIDCScope()))
  return [
    ...asked.filter((scope) => identity.has(scope)),
    ...resource.scopes.map(({ name }) => name).filter((name) => wanted.has(name) && granted.has(name)),
  ]
}

/**
 * Gives `token` its scopes. What a refresh token is issued for later keeps the included ones, too: clients repeat the scope of the
 * answer. A token for a resource without any scope would be of no use there.
 */
function completeScopes(
  { oidc }: Context,
  token: AccessToken | ClientCredentials,
  source: Source | undefined,
  resources: Resources,
): void {
  const [audience] = [token.aud ?? []].flat()
  const resource = audience === undefined ? undefined : resources.find(audience)
  // Without a resource the token is for userinfo, and its scope is complete.
  if (resource === undefined) return
  const grant = source === undefined ? undefined : oidc.entities.Grant
  const narrowed = source === undefined ? token.scope : oidc.params.scope
  const scopes = carriedScopes(parseScope(narrowed ?? source?.scope), resource, grant)
  if (scopes.length === 0) throw new errors.InvalidGrant('none of the granted scopes exists any longer')
  token.scope = formatScope(scopes)
  if (source !== undefined && source.kind !== 'RefreshToken') {
    source.scope = formatScope([...parseScope(source.scope), ...scopes])
  }
}

function helpersOf(provider: Provider, resources: Resources): object {
  const bound = Object.entries(engineHelpers).map(([name, helper]) => {
    const unbound: (...parameters: never[]) => unknown = helper
    return [name, unbound.bind(undefined, provider as never)] as const
  })
  return {
    ...Object.fromEntries(bound),
    validateGrant: async (ctx: Context, grantId: string) => {
      const grant = await engineHelpers.validateGrant(provider, ctx, grantId)
      readRefreshScope(ctx, grant, resources)
      return grant
    },
    applyAuthorizationDetails: async (ctx: Context, token: AccessToken | ClientCredentials, source?: Source) => {
      await engineHelpers.applyAuthorizationDetails(provider, ctx, token, source)
      completeScopes(ctx, token, source, resources)
    },
  }
}

/** Makes tokens carry what was granted. Call once for each engine, before a request arrives. */
export function carryGrantedScopes(provider: Provider, resources: Resources, offersDeviceFlow: boolean): void {
  const {
    authorization_code: code,
    client_credentials: machine,
    device_code: device,
    refresh_token: refresh,
  } = engineGrants
  const helpers = helpersOf(provider, resources)
  for (const { grantType, handler, parameters } of [code, machine, refresh, ...(offersDeviceFlow ? [device] : [])]) {
    const handle = (ctx: TokenEndpointGrantContext) => handler(provider, helpers, ctx)
    provider.registerGrantType(grantType, handle, [...parameters, 'resource'], ['resource'])
  }
}
