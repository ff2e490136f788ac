/**
 * Exchanges identity assertions for access tokens: the grant of RFC 7523 §2.1 for Identity Assertion JWT Authorization Grants
 * (MCP extension "enterprise-managed authorization"). A person's own identity provider has said what this client may have, so
 * no page is shown. Gives access tokens only: for the next one the client brings the next assertion.
 */
import { errors, type Provider, type TokenEndpointGrantContext } from 'oidc-provider'
import {
  buildTokenResponse,
  checkDpopReplay,
  checkDpopRequired,
  resolveRequestedResources,
  validateDpop,
} from 'oidc-provider/lib/helpers/grants.js'
import { epochSeconds } from '../../base/clock.js'
import { isOutage, outageError } from '../../database/outage.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, formatScope, parseScope } from '../../oauth/scope.js'
import { jwtBearerGrant, type TrustedIssuer } from '../../oauth/trusted-issuer.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { useOf } from '../../storage/clients/client-hygiene.js'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { oneTimeUse } from '../../storage/grants/one-time-use.js'
import type { Storage } from '../../storage/storage.js'
import { rethrowForEngine } from '../engine/engine-errors.js'
import { eventOf } from '../events.js'
import type { Resources } from '../resources/resources.js'
import { unitOf } from '../units-of-work.js'
import type { AccountMapper } from './account-mapping.js'
import { type IdentityAssertion, readAssertion, violations } from './identity-assertion.js'
import { AssertionRefused, createAssertionVerifier, KeysUnavailable, type OperatorFetch } from './issuer-keys.js'

export interface AssertionGrantParts {
  readonly issuer: string
  readonly trustedIssuers: readonly TrustedIssuer[]
  readonly storage: Storage
  readonly resources: Resources
  readonly accounts: AccountMapper
  readonly audit: AuditTrail
  readonly operatorFetch: OperatorFetch
}

interface Parameters {
  readonly assertion?: string | undefined
  readonly scope?: string | undefined
  resource?: string | undefined
}

type Context = TokenEndpointGrantContext<Parameters>

/** What the token will be for. */
interface Access {
  readonly resource: string
  readonly scopes: readonly string[]
}

/** RFC 6749 §5.2 has one code for every invalid assertion. The reason is logged, never sent. */
async function orInvalidGrant<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AssertionRefused) throw new errors.InvalidGrant({ detail: error.message, cause: error })
    if (isOutage(error)) rethrowForEngine(outageError(error))
    if (!(error instanceof KeysUnavailable)) rethrowForEngine(error)
    const unavailable = new errors.TemporarilyUnavailable('the assertion cannot be verified right now', {
      cause: error,
    })
    throw Object.assign(unavailable, { status: 503, statusCode: 503, error_detail: error.message })
  }
}

/** The resource of the assertion; the request may repeat it, and may name it when the assertion does not. */
function resourceOf(assertion: IdentityAssertion, requested: string | undefined, resources: Resources) {
  const named =
    assertion.resource ?? requested ?? (resources.all.length === 1 ? resources.fallback.resource : undefined)
  const resource = named === undefined ? undefined : resources.find(named)
  if (resource === undefined) throw new AssertionRefused('its resource is not served here')
  if (requested !== undefined && resources.find(requested) !== resource) {
    throw new AssertionRefused('the requested resource is not the one the assertion is for')
  }
  return resource
}

/**
 * The scopes that assertion, request and resource have in common. An assertion without a scope means the resource's default
 * scopes.
 */
function accessOf(
  assertion: IdentityAssertion,
  { scope, resource: requested }: Parameters,
  resources: Resources,
): Access {
  const resource = resourceOf(assertion, requested, resources)
  const withIncluded = (named: readonly string[]) => expandScopes(named, scopeHierarchyOf(resource))
  const allowed = withIncluded(assertion.scope === undefined ? resource.defaultScopes : parseScope(assertion.scope))
  const asked = scope === undefined ? undefined : withIncluded(parseScope(scope))
  const offered = resource.scopes.map(({ name }) => name)
  const scopes = offered.filter((name) => allowed.has(name) && (asked === undefined || asked.has(name)))
  if (scopes.length === 0)
    throw new errors.InvalidScope('the assertion allows none of the requested scopes', scope ?? '')
  return { resource: resource.resource, scopes }
}

/** The token hangs on a grant of its own, which lives as long: disabling the account ends both, where tokens are introspected. */
async function grantFor(ctx: Context, accountId: string, access: Access, expiresIn: number): Promise<string> {
  const { provider, client } = ctx.oidc
  const grant = Object.assign(new provider.Grant({ accountId, clientId: client.clientId }), { expiresIn })
  grant.addResourceScope(access.resource, formatScope(access.scopes))
  return grant.save()
}

async function issue(
  ctx: Context,
  accountId: string,
  access: Access,
  keyThumbprint: string | undefined,
): Promise<void> {
  const { provider, client } = ctx.oidc
  ctx.oidc.params.resource = access.resource
  const [resourceServer] = await resolveRequestedResources(provider, ctx)
  if (resourceServer === undefined) throw new errors.InvalidTarget()
  const grantId = await grantFor(ctx, accountId, access, resourceServer.accessTokenTTL ?? 600)
  const token = new provider.AccessToken({ accountId, client, gty: 'jwt-bearer', grantId })
  token.resourceServer = resourceServer
  token.scope = formatScope(access.scopes)
  if (keyThumbprint !== undefined) token.setThumbprint('jkt', keyThumbprint)
  ctx.oidc.entity('AccessToken', token)
  ctx.body = buildTokenResponse(provider, {
    accessToken: await token.save(),
    expiresIn: token.expiration,
    scope: token.scope,
    tokenType: token.tokenType,
  })
}

/** Client authentication must have happened: whoever finds a public client's id could use a stolen assertion. */
function refusePublicClients({ oidc: { client } }: Context): void {
  if (client.clientAuthMethod === 'none')
    throw new errors.InvalidClientAuth('this grant requires client authentication')
}

/** Adds the grant to the engine. Its access tokens are made within the token request's unit of work like all others. */
export function registerAssertionGrant(engine: Provider, parts: AssertionGrantParts): void {
  const { storage, resources, trustedIssuers } = parts
  const verify = createAssertionVerifier(trustedIssuers, parts.operatorFetch, storage.clock)

  async function read(text: string, clientId: string) {
    const { trustedIssuer, claims } = await verify(text)
    const now = epochSeconds(storage.clock)
    const expected = { trustedIssuer, audience: parts.issuer, clientId, now, clockToleranceSeconds }
    const [violation] = violations(claims, expected)
    if (violation !== undefined) throw new AssertionRefused(violation)
    return { assertion: readAssertion(claims), trustedIssuer }
  }

  /**
   * The assertion is used up by the commit of this request, with its grant, its tokens and its event. A request that is refused, by a check,
   * by a limit or because the database did not answer, leaves it as it was.
   */
  function useUp(ctx: Context, { issuer, tokenId, expiresAt }: IdentityAssertion) {
    const unit = unitOf(ctx)
    if (unit === undefined) throw new Error('an assertion is exchanged outside a token request')
    const until = new Date((expiresAt + clockToleranceSeconds + 1) * 1000)
    unit.decide(oneTimeUse(`identity assertion\n${issuer}\n${tokenId}`, until))
    return unit
  }

  async function handle(ctx: Context): Promise<void> {
    const { client, params } = ctx.oidc
    if (trustedIssuers.length === 0) throw new errors.UnsupportedGrantType()
    refusePublicClients(ctx)
    const { assertion: text } = params
    if (text === undefined || text === '') throw new errors.InvalidRequest('the parameter assertion is missing')
    const proof = await validateDpop(engine, ctx)
    checkDpopRequired(engine, ctx, proof)
    const { assertion, trustedIssuer } = await orInvalidGrant(read(text, client.clientId))
    if (assertion.keyThumbprint !== undefined && assertion.keyThumbprint !== proof?.thumbprint) {
      throw new errors.InvalidGrant('the assertion is bound to a key that was not proven')
    }
    const access = await orInvalidGrant((async () => accessOf(assertion, params, resources))())
    const accountId = await orInvalidGrant(parts.accounts.accountFor(assertion, trustedIssuer))
    // The account for the per-person limit and for the log line.
    ctx.oidc.entity('Account', { accountId, claims: () => ({ sub: accountId }) })
    await checkDpopReplay(engine, ctx, proof, client.clientId)
    const unit = useUp(ctx, assertion)
    await issue(ctx, accountId, access, proof?.thumbprint)
    const detail = { issuer: assertion.issuer, resource: access.resource, scopes: access.scopes }
    const entry = { type: 'assertion.accepted', accountId, clientId: client.clientId, detail } as const
    unit.write(useOf(storage, client.clientId), parts.audit.event(entry, eventOf(ctx)))
  }

  engine.registerGrantType<Parameters>(jwtBearerGrant, handle, ['assertion', 'scope', 'resource'])
}
