/**
 * The resource server library: verifies access tokens and guards operations. Owns token verification, challenges, scope checks
 * and protected resource metadata (RFC 6750, 7662, 8414, 8707, 9068, 9449, 9728). Does not own issuing tokens, users, transports
 * or any storage, and reads no environment: time and network are arguments. `createResourceServer` is the entry point, with
 * adapters in `koa.ts`, `express.ts`, `fastify.ts`, `hono.ts`, `node-http.ts` and `web.ts`; the rest are the parts it is made of.
 */
export { OAuthError, type OAuthErrorCode } from '../oauth/errors.js'
export type { ResourceDeclaration } from '../oauth/resource.js'
export type { RequiredScopes, ScopeHierarchy } from '../oauth/scope.js'
export {
  type AccessToken,
  type FetchFunction,
  invalidToken,
  type TokenVerifier,
  userOf,
  type VerifierClock,
  verificationUnavailable,
} from './access-token.js'
export type { Address, Addresses } from './addresses.js'
export { type Answer, answerOf, documentAnswer, parseErrorAnswer } from './answer.js'
export {
  type ApiKeyOptions,
  type ApiKeyRecord,
  type ApiKeyStore,
  formatApiKey,
  hashApiKey,
  takeApiKeys,
} from './api-keys.js'
export {
  type AuditEvent,
  type AuditedCaller,
  type AuditedOperations,
  type AuditHook,
  type AuditReason,
  auditedCaller,
  auditedOperations,
  auditRefusal,
} from './audit.js'
export type { AuthInfo } from './auth-info.js'
export {
  type Authenticated,
  type Authentication,
  authenticate,
  type BearerOptions,
  type ChallengeOptions,
  type PresentedCredentials,
  type Refusal,
  refuse,
} from './bearer.js'
export { type CallGuard, type CallGuardOptions, createCallGuard, type Verdict } from './call-guard.js'
export { type CallerDescription, describeCaller } from './caller.js'
export type { TokenRules } from './claims.js'
export type { ClientCredentials } from './client-authentication.js'
export { corsHeaders, preflightHeaders } from './cors.js'
export {
  createIssuerDiscovery,
  type IssuerDiscovery,
  type IssuerDiscoveryOptions,
  type IssuerDocument,
  type IssuerEndpoints,
} from './discovery.js'
export { checkDpopProof, type DpopOptions, type ProofReplayStore, type ProvenRequest } from './dpop.js'
export { refuseMissingScopes, type ScopeRequirement } from './guard.js'
export type { AuthorizedRequest } from './guarded-resource.js'
export { createIntrospectionVerifier, type IntrospectionVerifierOptions } from './introspection.js'
export { type BodySource, type JsonBody, type JsonBodyLimits, parseError, readJsonBody } from './json-body.js'
export { type Operation, type OperationKind, operationsOf } from './json-rpc.js'
export { createRemoteKeySet, type RemoteKeySetOptions } from './key-set.js'
export {
  describeResource,
  type ProtectedResourceMetadata,
  type PublishedDocument,
  protectedResourceMetadata,
  publishDocument,
} from './metadata.js'
export { filterListResponse, filterLists, hideUnseen, type Viewer } from './operation-lists.js'
export type { OperationRule } from './operation-rule.js'
export {
  createOperations,
  type Judgement,
  type OperationRules,
  type Operations,
  operationRulesOf,
} from './operations.js'
export { createProofMemory } from './proof-memory.js'
export {
  createBuckets,
  createRateLimiter,
  type RateLimit,
  type RateLimiter,
  type RateLimiterOptions,
  type RateLimitStore,
} from './rate-limit.js'
export type { RequestHeaders, RequestValues } from './request.js'
export {
  type CheckedHeaders,
  createRequestChecks,
  foreignOrigin,
  originChecker,
  protocolRevisions,
  type RequestChecks,
} from './request-checks.js'
export { descriptionMistakes, type ResourceDescription, type ResourceTexts } from './resource-description.js'
export {
  createResourceServer,
  type Decision,
  type ResourceServer,
  type ResourceServerOptions,
} from './resource-server.js'
export {
  type FeedState,
  followRevocations,
  type RevocationFeed,
  type RevocationFeedSettings,
  refuseRevoked,
} from './revocation-feed.js'
export {
  createRevocationList,
  type RevocationFact,
  type RevocationKind,
  type RevocationList,
  type RevocationListOptions,
} from './revocation-list.js'
export {
  type Finding,
  type ServerMetadata,
  type ServerMetadataError,
  type ServerMetadataFindings,
  type ServerMetadataWarning,
  validateServerMetadata,
} from './server-metadata.js'
export type { AuthorizationServer, DpopSettings, ProtectedResourceSettings } from './settings.js'
export { createStaticKeySet, type StaticKey } from './static-keys.js'
export { cacheVerifiedTokens, type TokenCacheOptions } from './token-cache.js'
export {
  bearerMethodsOf,
  type TokenPlace,
  type TokenPlaces,
  withoutQueryToken,
} from './token-place.js'
export { looksLikeJwt, routeByIssuer, routeByShape, type ShapeRoutes } from './token-routing.js'
export {
  createCustomVerifier,
  createTokenVerifier,
  type IntrospectionSettings,
  introspectionMaxAgeSeconds,
  type TokenVerifierSettings,
  type TrustedServer,
  type TrustedTokens,
} from './token-verifier.js'
export { createJwtVerifier, type JwtRules, type JwtVerifierOptions, type SigningAlgorithm } from './verifier.js'
export { guardRequest, responseOf } from './web.js'
