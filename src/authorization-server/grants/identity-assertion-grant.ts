/**
 * Exchanges identity assertions for access tokens: the grant of RFC 7523 §2.1 for Identity Assertion JWT Authorization Grants
 * (MCP extension "enterprise-managed authorization"). A person's own identity provider has said what this client may have, so
 * no page is shown. Gives access tokens only: for the next one the client brings the next assertion.
 */
import { epochSeconds } from '../../base/clock.js'
import { isOutage, outageError } from '../../database/outage.js'
import type { HttpContext } from '../../http/context.js'
import { jwtBearerGrant } from '../../oauth/grant-types.js'
import { withheldScopes } from '../../oauth/groups.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes, formatScope, parseScope } from '../../oauth/scope.js'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'
import { ofFirstAssertion } from '../../storage/accounts/first-assertion.js'
import type { GroupMembers } from '../../storage/accounts/group-members.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { clockToleranceSeconds } from '../../storage/engine-model.js'
import { findHolder } from '../../storage/grants/credential.js'
import { oneTimeUse } from '../../storage/grants/one-time-use.js'
import type { Storage } from '../../storage/storage.js'
import { clientClassOf } from '../clients/client-class.js'
import { identified } from '../clients/identity.js'
import { engineError, rethrowForEngine, temporarilyUnavailable } from '../engine/engine-errors.js'
import type { EngineClient } from '../engine/engine-types.js'
import type { GrantExchange, OwnGrant } from '../engine/own-grants.js'
import { barredScopes, placeOf } from '../resources/ceilings.js'
import type { Resources } from '../resources/resources.js'
import { unitOf } from '../units-of-work.js'
import type { AccountMapper, MappedAccount } from './account-mapping.js'
import { type IdentityAssertion, readAssertion, violations } from './identity-assertion.js'
import { AssertionRefused, createAssertionVerifier, KeysUnavailable, type OperatorFetch } from './issuer-keys.js'

export interface AssertionGrantParts {
  readonly issuer: string
  /** At the moment of the question. */
  readonly trustedIssuers: () => readonly TrustedIssuer[]
  readonly storage: Storage
  readonly resources: Resources
  readonly accounts: AccountMapper
  readonly members: Pick<GroupMembers, 'ofAddress'>
  readonly audit: AuditTrail
  readonly operatorFetch: OperatorFetch
}

/** What the token will be for. */
interface Access {
  readonly resource: string
  readonly scopes: readonly string[]
  readonly demandsKey: boolean
}

/** RFC 6749 §5.2 has one code for every invalid assertion. The reason is logged, never sent. */
async function orInvalidGrant<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (error instanceof AssertionRefused) throw engineError('invalid_grant', { detail: error.message, cause: error })
    if (isOutage(error)) rethrowForEngine(outageError(error))
    if (!(error instanceof KeysUnavailable)) rethrowForEngine(error)
    throw temporarilyUnavailable('the assertion cannot be verified right now', error.message, error)
  }
}

/** The resource of the assertion; the request may repeat it, and may name it when the assertion does not. */
function resourceOf(assertion: IdentityAssertion, requested: string | undefined, resources: Resources) {
  const named = assertion.resource ?? requested
  if (named === undefined && resources.fallback === undefined) {
    throw engineError('invalid_target', { description: 'the request must name its resource: there are several' })
  }
  const resource = named === undefined ? resources.fallback : resources.find(named)
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
function accessOf(assertion: IdentityAssertion, asked: GrantExchange, resources: Resources): Access {
  const [scope, requested] = [asked.parameter('scope'), asked.parameter('resource')]
  const resource = resourceOf(assertion, requested, resources)
  const withIncluded = (named: readonly string[]) => expandScopes(named, scopeHierarchyOf(resource))
  const allowed = withIncluded(assertion.scope === undefined ? resource.defaultScopes : parseScope(assertion.scope))
  const wanted = scope === undefined ? undefined : withIncluded(parseScope(scope))
  const offered = resource.scopes.map(({ name }) => name)
  const asserted = offered.filter((name) => allowed.has(name) && (wanted === undefined || wanted.has(name)))
  const clientClass = clientClassOf(identified(asked.client), undefined)
  const barred = barredScopes(resource, asserted, clientClass)
  const scopes = asserted.filter((name) => !barred.has(name))
  if (scopes.length === 0 && barred.size > 0) {
    throw engineError('invalid_scope', {
      description: 'the resource does not allow this client what it asks for',
      detail: `refused by ${placeOf(resource.declared, `clients.${clientClass}`)}`,
      scope: formatScope(barred),
    })
  }
  if (scopes.length === 0) {
    const description = 'the assertion allows none of the requested scopes'
    throw engineError('invalid_scope', { description, scope: scope ?? '' })
  }
  return { resource: resource.resource, scopes, demandsKey: resource.declared.tokens.dpop === 'required' }
}

/** Requires client authentication: with a public client's id, which is no secret, a stolen assertion could be used. */
function refusePublicClients({ clientAuthMethod }: EngineClient): void {
  if (clientAuthMethod === 'none')
    throw engineError('invalid_client', { detail: 'this grant requires client authentication' })
}

/** The grant for the engine. Its access tokens are made within the token request's unit of work like all others. */
export function createAssertionGrant(parts: AssertionGrantParts): OwnGrant {
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
   * The assertion is used up by the commit of this request, with its account, grant, tokens and events. A request that is refused, by a check,
   * by a limit or because the database did not answer, leaves it as it was.
   */
  function useUp(
    ctx: HttpContext,
    { issuer, tokenId, expiresAt }: IdentityAssertion,
    { makesAccount, writes }: MappedAccount,
  ) {
    const unit = unitOf(ctx)
    if (unit === undefined) throw new Error('an assertion is exchanged outside a token request')
    const until = new Date((expiresAt + clockToleranceSeconds + 1) * 1000)
    const use = oneTimeUse(`identity assertion\n${issuer}\n${tokenId}`, until)
    unit.decide(writes.length === 0 ? use : ofFirstAssertion(use, makesAccount))
    unit.write(...writes)
    return unit
  }

  /** The person's groups, read only where a rule asks for them. */
  async function groupsOfMapped({ accountId, email }: MappedAccount): Promise<ReadonlySet<string>> {
    if (email !== undefined)
      return resources.groupsOf({ email, emailVerified: true, memberships: await parts.members.ofAddress(email) })
    const person = await findHolder(storage, accountId)
    return person === undefined ? new Set() : resources.groupsOf(person)
  }

  /** Of what was asserted, what the person may grant. */
  async function withinGroups(access: Access, mapped: MappedAccount): Promise<Access> {
    const resource = resources.find(access.resource)
    if (resource?.declared.access === undefined) return access
    const withheld = withheldScopes(resource, access.scopes, await groupsOfMapped(mapped))
    if (withheld.size < access.scopes.length)
      return { ...access, scopes: access.scopes.filter((scope) => !withheld.has(scope)) }
    throw engineError('invalid_scope', {
      description: 'the person may not grant what the client asks for',
      detail: `refused by ${placeOf(resource.declared, 'access')}`,
      scope: formatScope(withheld),
    })
  }

  async function handle(exchange: GrantExchange): Promise<void> {
    const { ctx, client } = exchange
    if (trustedIssuers().length === 0) throw engineError('unsupported_grant_type')
    refusePublicClients(client)
    const text = exchange.parameter('assertion')
    if (text === undefined) throw engineError('invalid_request', { description: 'the parameter assertion is missing' })
    const keyThumbprint = await exchange.provenKey()
    const { assertion, trustedIssuer } = await orInvalidGrant(read(text, client.clientId))
    if (assertion.keyThumbprint !== undefined && assertion.keyThumbprint !== keyThumbprint) {
      throw engineError('invalid_grant', { detail: 'the assertion is bound to a key that was not proven' })
    }
    const asserted = await orInvalidGrant((async () => accessOf(assertion, exchange, resources))())
    const mapped = await orInvalidGrant(parts.accounts.accountFor(assertion, trustedIssuer, ctx.state.event))
    const access = await orInvalidGrant(withinGroups(asserted, mapped))
    const { accountId } = mapped
    exchange.concerns(accountId)
    await exchange.useProof()
    const unit = useUp(ctx, assertion, mapped)
    await exchange.issueAccessToken({ accountId, ...access })
    const detail = { issuer: assertion.issuer, resource: access.resource, scopes: access.scopes }
    const entry = { type: 'assertion.accepted', accountId, clientId: client.clientId, detail } as const
    unit.write(parts.audit.event(entry, ctx.state.event))
  }

  return { grantType: jwtBearerGrant, parameters: ['assertion', 'scope', 'resource'], handle }
}
