/**
 * The audit record: one event for each decision, allow or deny, made of facts that the server knows. It contains no token, no payload and
 * no text from clients. The person is a short hash that links their requests.
 */
import type { OAuthErrorCode } from '../oauth/errors.js'
import { subjectHash } from '../oauth/subject-hash.js'
import { type AccessToken, userOf, type VerifierClock } from './access-token.js'
import type { Refusal } from './bearer.js'
import { type OperationKind, operationsOf } from './json-rpc.js'
import type { Operations } from './operations.js'

/** Why: an OAuth error code, or one of the reasons that have none. */
export type AuditReason = OAuthErrorCode | 'allowed' | 'hidden' | 'rate_limited' | 'no_token'

/** The caller; all members are absent if there was no valid token. */
export interface AuditedCaller {
  readonly clientId?: string
  /** The person: the first 12 characters of SHA-256 in base64url. */
  readonly subjectHash?: string
  readonly scopes?: readonly string[]
}

/** The requested operations; names that no rule declares are `unknown`, because they may be any text. */
export interface AuditedOperations {
  readonly methods: readonly string[]
  readonly tools: readonly string[]
  readonly prompts: readonly string[]
  readonly resources: readonly string[]
}

export interface AuditEvent extends AuditedCaller, Partial<AuditedOperations> {
  /** ISO 8601. */
  readonly at: string
  readonly decision: 'allow' | 'deny'
  readonly reason: AuditReason
}

/** Receives every event. If it throws, the request gets 500: what cannot be recorded must not happen. */
export type AuditHook = (event: AuditEvent) => void

const knownMethods: ReadonlySet<string> = new Set([
  'initialize',
  'ping',
  'server/discover',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'subscriptions/listen',
  'completion/complete',
  'logging/setLevel',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
])

export function auditedCaller(accessToken: AccessToken): AuditedCaller {
  const user = userOf(accessToken)
  return {
    clientId: accessToken.clientId,
    scopes: accessToken.scopes,
    ...(user !== undefined && { subjectHash: subjectHash(user) }),
  }
}

/** The operations of a JSON-RPC body. */
export function auditedOperations(json: unknown, { declares }: Pick<Operations, 'declares'>): AuditedOperations {
  const asked = operationsOf(json)
  const names = (kind: OperationKind) => {
    const ofKind = asked.filter((operation) => operation.kind === kind)
    const isOurs = (name: string) => declares({ kind, name }) || (kind === 'method' && knownMethods.has(name))
    return [...new Set(ofKind.map(({ name }) => (isOurs(name) ? name : 'unknown')))]
  }
  return { methods: names('method'), tools: names('tool'), prompts: names('prompt'), resources: names('resource') }
}

/** The event of a request that was refused before its body was read, because its token is missing or invalid. */
export function auditRefusal({ error }: Pick<Refusal, 'error'>, clock: VerifierClock): AuditEvent {
  return { at: clock.now().toISOString(), decision: 'deny', reason: error?.code ?? 'no_token' }
}
