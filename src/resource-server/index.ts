/**
 * The resource server library, published as `gatehouse-guard`: verifies access tokens and guards operations (RFC 6750, 7662, 8414, 8707,
 * 9068, 9449, 9728). `createResourceServer` is the entry point, with adapters in `koa.ts`, `express.ts`, `fastify.ts`, `hono.ts`,
 * `node-http.ts` and `web.ts`. It reads no environment and stores nothing: time and network are arguments.
 *
 * Programs outside this repository can import only these names, so changing one is a breaking change. The other files of this folder are
 * internal; Gatehouse's own MCP server uses them too.
 */
export { OAuthError, type OAuthErrorCode } from '../oauth/errors.js'
export type { ScopeHierarchy } from '../oauth/scope.js'
export {
  type AccessToken,
  type FetchFunction,
  invalidToken,
  type TokenVerifier,
  userOf,
  type VerifierClock,
  verificationUnavailable,
} from './access-token.js'
export type { Answer } from './answer.js'
export {
  type ApiKeyOptions,
  type ApiKeyRecord,
  type ApiKeyStore,
  formatApiKey,
  hashApiKey,
  takeApiKeys,
} from './api-keys.js'
export type { AuditEvent, AuditHook } from './audit.js'
export type { AuthInfo } from './auth-info.js'
export {
  createIssuerDiscovery,
  type IssuerDiscovery,
  type IssuerDiscoveryOptions,
  type IssuerDocument,
} from './discovery.js'
export type { ProofReplayStore } from './dpop.js'
export type { AuthorizedRequest } from './guarded-resource.js'
export type { Operation } from './json-rpc.js'
export { filterListResponse, hideUnseen } from './operation-lists.js'
export type { OperationRule } from './operation-rule.js'
export type { OperationRules } from './operations.js'
export { createProofMemory } from './proof-memory.js'
export {
  createBuckets,
  createRateLimiter,
  type RateLimit,
  type RateLimiter,
  type RateLimitStore,
} from './rate-limit.js'
export type { RequestValues } from './request.js'
export { createRequestChecks, type RequestChecks } from './request-checks.js'
export {
  createResourceServer,
  type Decision,
  type ResourceServer,
  type ResourceServerOptions,
} from './resource-server.js'
export { followRevocations, type RevocationFeed, type RevocationFeedSettings } from './revocation-feed.js'
export { type ServerMetadataFindings, validateServerMetadata } from './server-metadata.js'
export type { AuthorizationServer, DpopSettings, ProtectedResourceSettings } from './settings.js'
export { withoutQueryToken } from './token-place.js'
export { createCustomVerifier, type IntrospectionSettings, type TrustedServer } from './token-verifier.js'
export { guardRequest, responseOf } from './web.js'
