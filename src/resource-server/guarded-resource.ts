/**
 * One protected resource with all checks of its requests, in order: headers, token, scopes, operations. Does not decide which resource a
 * request is for, and does not own the metadata.
 */
import type { RequiredScopes, ScopeHierarchy } from '../oauth/scope.js'
import type { AccessToken, FetchFunction, VerifierClock } from './access-token.js'
import type { Address } from './addresses.js'
import { type Answer, answerOf, errorRefusal, readableByPages } from './answer.js'
import { type AuditHook, auditedCaller, auditRefusal } from './audit.js'
import { type AuthInfo, authInfoOf } from './auth-info.js'
import { authenticate, type BearerOptions, type Refusal } from './bearer.js'
import { type CallGuard, createCallGuard } from './call-guard.js'
import { corsHeaders } from './cors.js'
import type { DpopOptions } from './dpop.js'
import { refuseMissingScopes } from './guard.js'
import type { Viewer } from './operation-lists.js'
import { createOperations, type Operations } from './operations.js'
import { createProofMemory } from './proof-memory.js'
import type { RateLimiter } from './rate-limit.js'
import { headerOf, type RequestValues, targetOf } from './request.js'
import { createRequestChecks, foreignOrigin, originChecker, type RequestChecks } from './request-checks.js'
import { refuseRevoked } from './revocation-feed.js'
import { authorizationServersOf, challengeScopesOf, hierarchyOf, type ProtectedResourceSettings } from './settings.js'
import { createTokenVerifier, type TrustedTokens } from './token-verifier.js'

/** A request with a valid token, for the handler. */
export interface AuthorizedRequest {
  readonly accessToken: AccessToken
  /** The same for servers on the MCP SDK. */
  readonly authInfo: AuthInfo
  /** Canonical identifier of the resource it is for. */
  readonly resource: string
  /** Headers to set on the handler's response. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * `undefined` if the token has all of `scopes`, directly or through one that includes them; otherwise the 403 that names the scopes to
   * request (RFC 6750 §3.1, MCP "step-up").
   */
  refuseMissing(scopes: RequiredScopes): Answer | undefined
  /**
   * True if the settings have rules for operations and the request may name some. Then `authorize` must be called once before the request
   * is served; adapters do so.
   */
  readonly needsBody: boolean
  /** The response instead of serving this parsed JSON-RPC body, or `undefined`. */
  authorize(json: unknown): Promise<Answer | undefined>
  /** For lists that depend on the caller: `hideUnseen`, `filterListResponse`. */
  readonly viewer: Viewer
}

/** A configured resource. */
export interface GuardedResource {
  readonly settings: ProtectedResourceSettings
  readonly resource: string
  /** Options for authenticating requests at the address with this metadata URL. */
  bearerOptions(resourceMetadataUrl: string): BearerOptions
  /** Discoveries of its authorization servers, by issuer; empty if the program verifies tokens itself. */
  readonly discoveries: TrustedTokens['discoveries']
  readonly hierarchy: ScopeHierarchy
  readonly operations: Operations
  readonly calls: CallGuard
}

/** Shared by all resources of a program. */
export interface Ground {
  readonly clock: VerifierClock
  readonly fetch: FetchFunction
  readonly cors: boolean
  readonly checks: false | RequestChecks | undefined
  readonly rateLimiter: RateLimiter | undefined
  readonly audit: AuditHook | undefined
}

function dpopOf({ dpop = {} }: ProtectedResourceSettings, clock: VerifierClock): DpopOptions | undefined {
  if (dpop === false) return undefined
  return { replays: dpop.replays ?? createProofMemory(clock), clock, required: dpop.required ?? false }
}

function verifierOf(
  settings: ProtectedResourceSettings,
  audience: string,
  ground: Ground,
  bound: boolean,
): TrustedTokens {
  if (settings.verify !== undefined) return { verify: settings.verify, discoveries: new Map() }
  const { audienceAliases = [] } = settings
  const verifierSettings = {
    ...settings,
    ...ground,
    audience,
    // Issuers that copy the requested `resource` into `aud` may use either spelling.
    audienceAliases: [`${audience}/`, ...audienceAliases],
    takesBoundTokens: bound,
    authorizationServers: authorizationServersOf(settings),
  }
  return createTokenVerifier(verifierSettings)
}

export function guardedResource(settings: ProtectedResourceSettings, ground: Ground): GuardedResource {
  const resource = settings.resource.replace(/\/$/, '')
  const { clock, audit, rateLimiter: limiter } = ground
  const dpop = dpopOf(settings, clock)
  const { verify: verifyAlone, discoveries } = verifierOf(settings, resource, ground, dpop !== undefined)
  const { revocations } = settings
  const verify = revocations === undefined ? verifyAlone : refuseRevoked(verifyAlone, revocations)
  const hierarchy = hierarchyOf(settings)
  const operations = createOperations({ realm: settings.realm, ...settings.operations, hierarchy })
  const calls = createCallGuard({ operations, limiter, clock, ...(audit !== undefined && { audit }) })
  const bearer = { ...settings, verify, challengeScopes: challengeScopesOf(settings), dpop }
  // Bounded by the number of the resource's addresses.
  const byMetadataUrl = new Map<string, BearerOptions>()
  const bearerOptions = (resourceMetadataUrl: string) => {
    const known = byMetadataUrl.get(resourceMetadataUrl)
    if (known !== undefined) return known
    const options = { ...bearer, resourceMetadataUrl }
    byMetadataUrl.set(resourceMetadataUrl, options)
    return options
  }
  return { settings, resource, bearerOptions, discoveries, hierarchy, operations, calls }
}

/** GET opens streams and DELETE ends sessions: neither names an operation. */
const withoutOperations: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS'])

/** A body is checked for any other method, because a handler may ignore the method. */
function mayNameOperations(request: RequestValues): boolean {
  if (!withoutOperations.has(request.method)) return true
  const length = headerOf(request, 'content-length')
  return (length !== '' && length !== '0') || headerOf(request, 'transfer-encoding') !== ''
}

/** Checks before the token; by default only the origin of a calling page. */
export function headerChecks(
  { checks }: Ground,
  origins: readonly string[],
): (request: RequestValues) => Refusal | undefined {
  if (checks === false) return () => undefined
  if (checks === undefined) {
    const mayCall = originChecker(origins)
    return (request) => (mayCall(headerOf(request, 'origin')) ? undefined : errorRefusal(foreignOrigin()))
  }
  const check = createRequestChecks({ ...checks, origins: [...origins, ...(checks.origins ?? [])] })
  return (request) =>
    check({
      host: targetOf(request).host,
      origin: headerOf(request, 'origin'),
      protocolVersion: headerOf(request, 'mcp-protocol-version'),
    })
}

/** Runs all checks of a request to one resource, at the address that the client uses, because the client compares the challenge with it. */
export async function judge(
  { settings, resource, bearerOptions, hierarchy, operations, calls }: GuardedResource,
  { origin, metadataUrl: resourceMetadataUrl }: Address,
  request: RequestValues,
  { cors, audit, clock }: Ground,
): Promise<{ readonly refusal: Refusal } | { readonly serve: AuthorizedRequest }> {
  const { path, query } = targetOf(request)
  const presented = {
    authorization: headerOf(request, 'authorization'),
    dpop: headerOf(request, 'dpop'),
    method: request.method,
    url: origin + path,
    query,
    form: request.form,
  }
  const result = await authenticate(presented, bearerOptions(resourceMetadataUrl))
  if ('refusal' in result) {
    audit?.(auditRefusal(result.refusal, clock))
    return result
  }
  const { accessToken, token } = result
  const missing = (scopes: RequiredScopes) =>
    refuseMissingScopes(accessToken, { scopes, hierarchy, resourceMetadataUrl, realm: settings.realm })
  const refusal = missing(settings.requiredScopes ?? [])
  if (refusal !== undefined) {
    audit?.({ ...auditRefusal(refusal, clock), ...auditedCaller(accessToken) })
    return { refusal }
  }
  const needsBody = settings.operations !== undefined && mayNameOperations(request)
  const unasked = needsBody ? undefined : await calls.refuse(accessToken, undefined, resourceMetadataUrl)
  if (unasked !== undefined) return { refusal: unasked }
  const finish = (answered: Refusal | undefined) => answered && finishedAnswer(answered, cors)
  return {
    serve: {
      accessToken,
      authInfo: authInfoOf(accessToken, { token, resource, resourceMetadataUrl }),
      resource,
      headers: cors ? { ...corsHeaders, ...result.headers } : result.headers,
      refuseMissing: (scopes) => finish(missing(scopes)),
      needsBody,
      authorize: async (json) => finish(await calls.refuse(accessToken, json, resourceMetadataUrl)),
      viewer: { operations, accessToken },
    },
  }
}

export function finishedAnswer(refusal: Refusal, cors: boolean): Answer {
  return cors ? readableByPages(answerOf(refusal)) : answerOf(refusal)
}
