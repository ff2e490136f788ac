/**
 * Which resource a request is for (RFC 8707), and whether its client may have it there. The engine asks at every endpoint that takes
 * `resource`, and again when a token is issued.
 *
 * `invalid_target`: the resource is unknown, was never granted, or is none of the client's. `invalid_grant`: it was granted and is gone; on
 * that error clients sign in again, on the other one they are stuck.
 */
import type { KoaContextWithOIDC } from 'oidc-provider'
import { type Clock, epochSeconds } from '../../base/clock.js'
import type { ClientClass } from '../../oauth/declared-resource.js'
import { grantTypeNamed } from '../../oauth/grant-types.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, formatScope, parseScope } from '../../oauth/scope.js'
import { reaches } from '../../oauth/sign-in-levels.js'
import { bestClassOf, clientClassOf } from '../clients/client-class.js'
import { identified } from '../clients/identity.js'
import { isSignInAlone } from '../endpoints/requested-scopes.js'
import type { AuthorizationServerOptions } from '../options.js'
import { barredScopes, placeOf } from '../resources/ceilings.js'
import { mayAskFor } from '../resources/client-limits.js'
import type { Resources, ServedResource } from '../resources/resources.js'
import { ourContext } from './engine-context.js'
import { engineError } from './engine-errors.js'
import type { EngineClient, EngineGrant, EngineRequest } from './engine-types.js'

export interface ResourceIndicatorParts {
  readonly resources: Resources
  readonly clock: Clock
  readonly onUnknown?: AuthorizationServerOptions['onUnknownResource']
  readonly hidesAddresses?: boolean | undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/** True if a person gave the grant for the resource, which has ended since (storage/grants/end-undeclared.ts). */
function wasTaken(grant: EngineGrant, resource: string): boolean {
  return grant.getRejectedResourceScope(resource) !== ''
}

function wasGranted(grant: EngineGrant | undefined, resource: string): boolean {
  return grant !== undefined && (wasTaken(grant, resource) || grant.getResourceScope(resource) !== '')
}

/** The credential of a token request that redeems one. */
function redeemed({ entities: { AuthorizationCode: code, DeviceCode: device, RefreshToken: refresh } }: EngineRequest) {
  return code ?? device ?? refresh
}

/** The first that was asked for and granted; `undefined`: nothing was granted but the sign-in. */
function firstGranted(request: EngineRequest, asked: readonly string[], resources: Resources): string | undefined {
  const { Grant: grant } = request.entities
  if (grant === undefined) return undefined
  const granted = asked.filter((resource) => grant.getResourceScope(resource) !== '')
  const found = granted.find((resource) => resources.find(resource)?.resource === resource)
  if (found !== undefined) return found
  if (asked.some((resource) => wasGranted(grant, resource)))
    throw engineError('invalid_grant', { detail: 'every resource of the grant is gone' })
  return undefined
}

/** Refuses what the rules of a resource do not allow such a client. The log names the rule. */
function barred(resource: ServedResource, clientClass: ClientClass, scope: string): Error {
  return engineError('invalid_scope', {
    description: 'the resource does not allow this client what it asks for',
    detail: `refused by ${placeOf(resource.declared, `clients.${clientClass}`)}`,
    scope,
  })
}

/** Throws if the client may have nothing of what it asks for, of any resource that it names. */
function refuseBarredRequest(client: EngineClient, request: EngineRequest, resources: Resources): void {
  const { params } = request
  const scope = parseScope(text(params?.['scope']))
  const redirectUri = request.route === 'pushed_authorization_request' ? text(params?.['redirect_uri']) : undefined
  const clientClass = clientClassOf(identified(client), redirectUri)
  const named = [params?.['resource']].flat().flatMap((each) => resources.find(text(each) ?? '') ?? [])
  const asked = named.map((resource) => {
    const names = resource.scopes.map(({ name }) => name).filter((name) => scope.includes(name))
    return { resource, names, barred: barredScopes(resource, names, clientClass) }
  })
  const [first] = asked.filter(({ names }) => names.length > 0)
  if (first === undefined || asked.some(({ names, barred }) => barred.size < names.length)) return
  throw barred(first.resource, clientClass, formatScope(first.barred))
}

/** A machine gets what it may have of what it asks for, as the `scope` of the answer tells. */
function narrowMachine(client: EngineClient, { params }: EngineRequest, resource: ServedResource): void {
  const scope = parseScope(text(params?.['scope']))
  const clientClass = clientClassOf(identified(client), undefined)
  const refused = barredScopes(resource, scope, clientClass)
  if (refused.size === 0) return
  const allowed = scope.filter((name) => !refused.has(name))
  if (allowed.length === 0) throw barred(resource, clientClass, formatScope(refused))
  Object.assign(params ?? {}, { scope: formatScope(allowed) })
}

/** What a refresh must not give any longer, because a rule of the resource was changed or the sign-in is too old. */
function judgeRefresh(
  client: EngineClient,
  { entities: { RefreshToken: token, Grant: grant } }: EngineRequest,
  resource: ServedResource,
  clock: Clock,
): void {
  const { tokens } = resource.declared
  const refusedBy = (member: string) =>
    engineError('invalid_grant', { detail: `refused by ${placeOf(resource.declared, member)}` })
  if (!tokens.refresh) throw refusedBy('tokens.refresh')
  const { maxAuthAgeSeconds: oldest } = tokens
  if (oldest !== undefined && epochSeconds(clock) - (token?.authTime ?? 0) > oldest)
    throw refusedBy('tokens.max_auth_age')
  if (tokens.acr !== undefined && !reaches(token?.acr, tokens.acr)) throw refusedBy('tokens.acr')
  if (grant === undefined || Object.values(resource.declared.ceilings).every((ceiling) => ceiling === 'all')) return
  const granted = [...expandScopes(parseScope(grant.getResourceScope(resource.resource)), scopeHierarchyOf(resource))]
  const clientClass = bestClassOf(identified(client))
  if (granted.length > 0 && barredScopes(resource, granted, clientClass).size === granted.length) {
    throw barred(resource, clientClass, formatScope(granted))
  }
}

/** Throws if the grant of a token request does not give the resource. */
function judgeGrant(request: EngineRequest, grant: EngineGrant, identifier: string): void {
  if (wasTaken(grant, identifier)) throw engineError('invalid_grant', { detail: 'the resource is gone' })
  if (grant.getResourceScope(identifier) !== '') return
  // Of a request for one resource alone, the person may have allowed nothing but the sign-in.
  const others = [redeemed(request)?.resource ?? []].flat().filter((each) => each !== identifier)
  if (others.length > 0) throw engineError('invalid_target', { description: 'the resource was not granted' })
}

const beforeConsent: ReadonlySet<string> = new Set(['pushed_authorization_request', 'device_authorization'])

function found(
  { resources, clock }: ResourceIndicatorParts,
  request: EngineRequest,
  identifier: string,
  client: EngineClient,
): ServedResource {
  const { route, entities, params } = request
  const grant = route === 'token' ? entities.Grant : undefined
  const resource = resources.find(identifier)
  // A former name of another resource is another resource.
  if (resource === undefined || (grant !== undefined && resource.resource !== identifier)) {
    const wasAsked = grant !== undefined && [redeemed(request)?.resource ?? []].flat().includes(identifier)
    if (wasAsked) throw engineError('invalid_grant', { detail: 'the resource is gone' })
    throw engineError('invalid_target')
  }
  if (!mayAskFor(client['resources'], resource, resources)) {
    throw engineError('invalid_target', { description: 'the client is not for this resource' })
  }
  if (grant !== undefined) {
    judgeGrant(request, grant, identifier)
    if (params?.['grant_type'] === 'refresh_token') judgeRefresh(client, request, resource, clock)
  } else if (beforeConsent.has(route)) {
    refuseBarredRequest(client, request, resources)
  } else if (route === 'token' && grantTypeNamed(params?.['grant_type'])?.subject === 'client') {
    narrowMachine(client, request, resource)
  }
  return resource
}

/** Whether anything that the grant gives may be renewed. */
export function mayBeRefreshed(grant: EngineGrant | undefined, resources: Resources): boolean {
  const granted = Object.keys(grant?.resources ?? {})
  return granted.length === 0 || granted.some((each) => resources.find(each)?.declared.tokens.refresh !== false)
}

/** The engine's `resourceIndicators`. */
export function resourceIndicators(parts: ResourceIndicatorParts) {
  const { resources } = parts
  return {
    enabled: true,
    defaultResource: async (
      ctx: KoaContextWithOIDC,
      _client: unknown,
      oneOf?: readonly string[],
    ): Promise<string | readonly string[] | undefined> => {
      const { scope, grant_type: grantType, resource: named } = ctx.oidc.params ?? {}
      if (oneOf !== undefined && oneOf.length > 0) {
        // A token is for one resource: the engine refuses a token request that names several.
        if (Array.isArray(named)) return oneOf
        return firstGranted(ctx.oidc, oneOf, resources)
      }
      // A machine is no person: scopes about one mean nothing for it, and what it gets is for a resource.
      const isForPerson = grantTypeNamed(grantType)?.subject !== 'client'
      if (isForPerson && isSignInAlone(text(scope))) return []
      if (resources.fallback !== undefined) return resources.fallback.resource
      throw engineError('invalid_target', { description: 'the request must name its resource: there are several' })
    },
    // A refresh that narrows to the sign-in gets a token for userinfo alone.
    useGrantedResource: async ({ oidc: { params } }: KoaContextWithOIDC) => !isSignInAlone(text(params?.['scope'])),
    getResourceServerInfo: async (ctx: KoaContextWithOIDC, identifier: string, client: EngineClient) => {
      if (resources.find(identifier) === undefined) {
        const address = parts.hidesAddresses === true ? undefined : ourContext(ctx).state.clientAddress
        parts.onUnknown?.({ identifier, clientId: client.clientId, address })
      }
      const resource = found(parts, ctx.oidc, identifier, client)
      const { format, ttlSeconds } = resource.declared.tokens
      return {
        audience: resource.resource,
        scope: resource.scopes.map(({ name }) => name).join(' '),
        accessTokenTTL: ttlSeconds,
        accessTokenFormat: format,
        ...(format === 'jwt' ? { jwt: { sign: { alg: 'ES256' as const } } } : {}),
      }
    },
  }
}
