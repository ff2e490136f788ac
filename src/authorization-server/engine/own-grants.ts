/** Grant types of our own at the engine's token endpoint, and the access tokens they give out. */
import type { Provider, TokenEndpointGrantContext } from 'oidc-provider'
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  resolveRequestedResources,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js'
import type { HttpContext } from '../../http/context.js'
import { formatScope } from '../../oauth/scope.js'
import { ourContext } from './engine-context.js'
import { engineError } from './engine-errors.js'
import type { EngineClient } from './engine-types.js'

/** What a token will be for. */
export interface GrantedAccess {
  readonly accountId: string
  /** Identifier of the resource. */
  readonly resource: string
  readonly scopes: readonly string[]
  /** The resource takes tokens that are bound to a key alone (DPoP). */
  readonly demandsKey: boolean
}

/** A token request of a client that the engine has authenticated. */
export interface GrantExchange {
  readonly ctx: HttpContext
  readonly client: EngineClient
  /** `undefined`: the parameter is absent. The engine has refused repeated ones. */
  parameter(name: string): string | undefined
  /** Thumbprint of the key that the request is bound to (DPoP). Throws when the client must prove one and did not. */
  provenKey(): Promise<string | undefined>
  /** The account for the per-person limit and for the log line. */
  concerns(accountId: string): void
  /** Uses up the proof of the key. Throws when it was used before. */
  useProof(): Promise<void>
  /**
   * Answers with an access token, and with nothing to renew it. The token hangs on a grant of its own, which lives as long: disabling the
   * account ends both, where tokens are introspected.
   */
  issueAccessToken(access: GrantedAccess): Promise<void>
}

export interface OwnGrant {
  /** One of `oauth/grant-types.ts` that is ours. */
  readonly grantType: string
  readonly parameters: readonly string[]
  /** Throws the engine's errors (engine-errors.ts). */
  handle(exchange: GrantExchange): Promise<void>
}

/** What a token says it came by, as the engine's own say it: the last part of the grant type. */
function shortNameOf(grantType: string): string {
  return grantType.slice(grantType.lastIndexOf(':') + 1)
}

/** Ends as the engine's own grants do. */
async function issueAccessToken(
  provider: Provider,
  ctx: TokenEndpointGrantContext,
  { accountId, resource, scopes, demandsKey }: GrantedAccess,
  keyThumbprint: string | undefined,
): Promise<void> {
  const { client, params } = ctx.oidc
  Object.assign(params, { resource })
  if (demandsKey && keyThumbprint === undefined) {
    throw engineError('invalid_dpop_proof', { description: 'the resource takes tokens with a DPoP proof only' })
  }
  const [resourceServer] = await resolveRequestedResources(provider, ctx)
  if (resourceServer === undefined) throw engineError('invalid_target')
  const grant = new provider.Grant({ accountId, clientId: client.clientId })
  Object.assign(grant, { expiresIn: resourceServer.accessTokenTTL ?? 600 })
  grant.addResourceScope(resource, formatScope(scopes))
  const grantId = await grant.save()
  const token = new provider.AccessToken({ accountId, client, gty: shortNameOf(String(params['grant_type'])), grantId })
  token.resourceServer = resourceServer
  token.scope = formatScope(scopes)
  if (keyThumbprint !== undefined) token.setThumbprint('jkt', keyThumbprint)
  ctx.oidc.entity('AccessToken', token)
  ctx.body = buildTokenResponse(provider, {
    accessToken: await token.save(),
    expiresIn: token.expiration,
    scope: token.scope,
    tokenType: token.tokenType,
  })
}

function exchangeOf(provider: Provider, ctx: TokenEndpointGrantContext): GrantExchange {
  const { client, params } = ctx.oidc
  let proof: Awaited<ReturnType<typeof validateDpop>>
  return {
    ctx: ourContext(ctx),
    client,
    parameter: (name) => {
      const value = params[name]
      return typeof value === 'string' ? value : undefined
    },
    provenKey: async () => {
      proof = await validateDpop(provider, ctx)
      checkDpopRequired(provider, ctx, proof)
      return proof?.thumbprint
    },
    concerns: (accountId) => ctx.oidc.entity('Account', { accountId, claims: () => ({ sub: accountId }) }),
    useProof: () => checkDpopReplay(provider, ctx, proof, client.clientId),
    issueAccessToken: (access) => issueAccessToken(provider, ctx, access, proof?.thumbprint),
  }
}

/** Call once for each engine, before a request arrives. */
export function registerOwnGrant(provider: Provider, { grantType, parameters, handle }: OwnGrant): void {
  provider.registerGrantType(grantType, (ctx) => handle(exchangeOf(provider, ctx)), parameters)
}
