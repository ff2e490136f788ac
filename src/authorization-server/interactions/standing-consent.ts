/**
 * Answers an authorization request without asking, where the operator declared the client first-party or the person allowed the same
 * before and the client's identity is proven. A grant is made each time: one authorization, one grant.
 */
import { consentModeOf } from '../../oauth/operator-clients.js'
import { redirectKind } from '../../oauth/redirect-uri.js'
import { scopeHierarchyOf } from '../../oauth/resource.js'
import { expandScopes } from '../../oauth/scope.js'
import { reaches } from '../../oauth/sign-in-levels.js'
import type { AuditTrail } from '../../storage/audit/audit.js'
import { consentsOf, rememberedScopes, type StoredConsent } from '../../storage/grants/consents.js'
import type { Storage } from '../../storage/storage.js'
import { clientClassOf } from '../clients/client-class.js'
import {
  consentFingerprint,
  type IdentifiedClient,
  identified,
  isProven as isProvenClient,
} from '../clients/identity.js'
import { groupsOfAccount } from '../engine/engine-account.js'
import type { Engine, EngineRequest } from '../engine/engine-types.js'
import { demandedLevel, type LevelRules } from '../resources/demanded-level.js'
import { isSignInTooOld } from '../resources/sign-in-age.js'
import { saveGrant } from './grant.js'
import {
  type AllowedAccess,
  type AskingParameters,
  allAllowable,
  askingParameters,
  decidedResources,
  decisionDetails,
  isBarred,
  type RequestedAccess,
  requestedAccess,
  scopesOf,
} from './requested-access.js'
import { isRequestedPerson } from './requested-person.js'

/** The facts of an authorization request that decide whether the person is asked. */
export interface AskingRequest {
  readonly redirectUri: string | undefined
  /** The values of `prompt`. */
  readonly prompts: ReadonlySet<string>
  /** The client showed an ID token of the person who is signed in: it knows them already. */
  readonly hintsAtPerson: boolean
}

/**
 * True when the request is proven to be the client's (identity.ts), and a client that names itself by URL receives the answer on the host
 * and port of that URL: its document could name a redirect of somebody else's, and another port may be another tenant's program.
 */
export function isProven(client: IdentifiedClient, redirectUri: string | undefined): boolean {
  const isOperatorsClient = client.metadata()['made_by_operator'] === true
  if (!isProvenClient(client, { isOperatorsClient, redirectUri })) return false
  if (!client.isMetadataDocument) return true
  const isHttps = redirectUri !== undefined && redirectKind(redirectUri) === 'https'
  return isHttps && new URL(redirectUri).host === new URL(client.clientId).host
}

/** How far earlier decisions count for this request. `prompt=consent` asks in any case (OpenID Connect Core §3.1.2.1). */
function reachOf(client: IdentifiedClient, request: AskingRequest): 'everything' | 'remembered' | 'nothing' {
  if (request.prompts.has('consent') || !isProven(client, request.redirectUri)) return 'nothing'
  const mode = consentModeOf(client.metadata())
  if (mode === 'none') return 'everything'
  return mode === 'remembered' || request.prompts.has('none') || request.hintsAtPerson ? 'remembered' : 'nothing'
}

/** True when earlier decisions could answer the request, so that it is worth looking for them. */
export function mayStand(client: IdentifiedClient, request: AskingRequest): boolean {
  return reachOf(client, request) !== 'nothing'
}

/** What is granted without asking, and what the person said before (`isRefusedToStay`). */
export interface Standing {
  readonly allowed: AllowedAccess
  readonly remembered: readonly string[]
}

/** All that the request asks for, or `undefined` when the person must be asked. */
export function standingConsent(
  client: IdentifiedClient,
  request: AskingRequest,
  access: RequestedAccess,
  consents: readonly StoredConsent[],
): Standing | undefined {
  const allowed = allAllowable(access)
  const reach = reachOf(client, request)
  if (scopesOf(allowed).length === 0 || isBarred(access) || reach === 'nothing') return undefined
  const fingerprint = consentFingerprint(client)
  const rememberedOf = (resource: string) => rememberedScopes(consents, resource, fingerprint)
  const remembered = decidedResources(access).flatMap(rememberedOf)
  if (reach === 'everything') return { allowed, remembered }
  const stands = access.resources.every(({ resource }) => {
    const before = expandScopes(rememberedOf(resource.resource), scopeHierarchyOf(resource))
    return (allowed.ofResources.get(resource.resource) ?? []).every((scope) => before.has(scope))
  })
  // Who the person is was said of each resource in turn.
  const isKnown = (scope: string) =>
    decidedResources(access).every((resource) => rememberedOf(resource).includes(scope))
  return stands && allowed.openid.every(isKnown) ? { allowed, remembered } : undefined
}

/** True when the engine will have the person sign in first: what they are then asked is the dispatcher's to decide. */
function mustSignIn(
  { session, params, prompts }: EngineRequest,
  { parameter, values }: AskingParameters,
  rules: LevelRules,
): boolean {
  const maxAge = Number(params?.['max_age'] ?? Number.NaN)
  if (session?.accountId === undefined || prompts.has('login')) return true
  if (!Number.isNaN(maxAge) && session.past(maxAge)) return true
  if (isSignInTooOld(session, values('resource'), rules.resources)) return true
  const demanded = demandedLevel(rules, { parameter, values })
  if (demanded !== undefined && !reaches(session.acr, demanded)) return true
  return !isRequestedPerson(parameter, session.accountId)
}

export interface StandingConsentParts extends LevelRules {
  readonly storage: Storage
  readonly audit: AuditTrail
}

/** For the engine's `loadExistingGrant`: the id of a new grant that answers this request, or `undefined` when somebody must be asked. */
export async function grantStanding(
  parts: StandingConsentParts,
  engine: Pick<Engine, 'Grant'>,
  asked: EngineRequest,
): Promise<string | undefined> {
  const { client, account, params } = asked
  if (asked.route !== 'authorization' || client === undefined || account === undefined) return undefined
  const asking = askingParameters(params)
  const { parameter } = asking
  const request: AskingRequest = {
    redirectUri: parameter('redirect_uri'),
    prompts: asked.prompts,
    hintsAtPerson: asked.entities.IdTokenHint !== undefined,
  }
  const known = identified(client)
  if (!mayStand(known, request)) return undefined
  const access = requestedAccess(
    asking,
    parts.resources,
    clientClassOf(known, request.redirectUri),
    groupsOfAccount(account),
  )
  const key = { accountId: account.accountId, clientId: client.clientId }
  // Looked up first, or the time of the answer would tell whether the person is the one that the client asks for.
  const consents = await consentsOf(parts.storage, key)
  if (consents.length > 0) acquainted.add(asked)
  if (mustSignIn(asked, asking, parts)) return undefined
  const standing = standingConsent(known, request, access, consents)
  if (standing === undefined) return undefined
  const { allowed, remembered } = standing
  for (const detail of decisionDetails(access, allowed)) {
    await parts.audit.record({ type: 'consent.allowed', ...key, detail: { ...detail, by: 'standing consent' } })
  }
  answered.add(asked)
  return saveGrant(engine, key, access, allowed, remembered)
}

/** Requests whose client is proven, and was allowed something by the person who is signed in. */
const acquainted = new WeakSet<object>()

/** True for such a request: its client may learn that the person is signed in. */
export function isAcquainted(request: EngineRequest): boolean {
  return acquainted.has(request)
}

/** Requests that a standing consent answered. */
const answered = new WeakSet<object>()

/** True for a request that nobody needs to be asked about any more. */
export function isStanding(request: EngineRequest): boolean {
  return answered.has(request)
}
