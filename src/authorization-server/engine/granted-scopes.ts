/**
 * Makes the engine's tokens carry what was granted (endpoints/token-scopes.ts). Registers the engine's own grants again with two of their
 * helpers extended. The engine calls `validateGrant` before it judges the scope of a refresh, and `applyAuthorizationDetails` after it has
 * chosen a token's scope and before it stores or signs the token.
 */
import type { AccessToken, ClientCredentials, Provider, TokenEndpointGrantContext } from 'oidc-provider'
import * as engineGrants from 'oidc-provider/lib/actions/grants/index.js'
import * as engineHelpers from 'oidc-provider/lib/helpers/grants.js'
import { withheldScopes } from '../../oauth/groups.js'
import { formatScope, parseScope } from '../../oauth/scope.js'
import { bestClassOf } from '../clients/client-class.js'
import { identified } from '../clients/identity.js'
import { carriedScopes, grantedBy, refreshedScope } from '../endpoints/token-scopes.js'
import { barredScopes, placeOf } from '../resources/ceilings.js'
import { isOpenidScope, type Resources, type ServedResource } from '../resources/resources.js'
import { groupsOfAccount } from './engine-account.js'
import { engineError } from './engine-errors.js'
import type { EngineClient, EngineGrant } from './engine-types.js'

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

/** Writes what a refresh asks for into its parameters, before the engine compares that with what was granted. */
function readRefreshScope({ oidc: { params } }: Context, grant: EngineGrant, resources: Resources): void {
  if (params.grant_type !== 'refresh_token' || params.scope === undefined) return
  params.scope = refreshedScope(params.scope, [params.resource ?? []].flat(), grant, resources)
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
  const carried = carriedScopes(parseScope(narrowed ?? source?.scope), resource, grant)
  const below = source?.kind === 'RefreshToken' ? withinCeiling(oidc.client, resource, carried) : carried
  const scopes = source === undefined ? below : withinGroups(groupsOfAccount(oidc.account), resource, below)
  if (resource.declared.tokens.dpop === 'required' && token.jkt === undefined) throw proofMissing(resource)
  if (scopes.length === 0)
    throw engineError('invalid_grant', { detail: 'none of the granted scopes exists any longer' })
  token.scope = formatScope(scopes)
  if (source !== undefined && source.kind !== 'RefreshToken') {
    const others = Object.keys(grant?.resources ?? {}).flatMap((each) => resources.find(each) ?? [])
    const included = others.flatMap((other) => (grant === undefined ? [] : [...grantedBy(grant, other)]))
    source.scope = formatScope([...parseScope(source.scope), ...scopes, ...included])
  }
}

/** A ceiling may have been lowered since the grant. What is left when nothing else is was checked before (resource-indicators.ts). */
function withinCeiling(client: EngineClient, resource: ServedResource, scopes: string[]): string[] {
  if (Object.values(resource.declared.ceilings).every((ceiling) => ceiling === 'all')) return scopes
  const own = scopes.filter((scope) => !isOpenidScope(scope))
  const barred = barredScopes(resource, own, bestClassOf(identified(client)))
  return scopes.filter((scope) => !barred.has(scope))
}

/** The person may have left a group since the grant, or a rule may be another one: each token is as they may grant it now. */
function withinGroups(groups: ReadonlySet<string>, resource: ServedResource, scopes: string[]): string[] {
  const own = scopes.filter((scope) => !isOpenidScope(scope))
  const withheld = withheldScopes(resource, own, groups)
  if (own.length > 0 && withheld.size === own.length) {
    throw engineError('invalid_grant', {
      description: 'the person may not grant what the client asks for',
      detail: `refused by ${placeOf(resource.declared, 'access')}`,
    })
  }
  return scopes.filter((scope) => !withheld.has(scope))
}

/** RFC 9449 §5: a resource may take tokens that are bound to a key alone. */
export function proofMissing({ declared }: ServedResource): Error {
  return engineError('invalid_dpop_proof', {
    description: 'the resource takes tokens with a DPoP proof only',
    detail: `refused by ${placeOf(declared, 'tokens.dpop')}`,
  })
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
