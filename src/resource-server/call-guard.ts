/**
 * The second check, after the token: rate limit, scopes of the operations in the body, and the audit record. Works on the request's JSON,
 * which is parsed once and then passed to the MCP server. Does not verify the token.
 */
import type { AccessToken, VerifierClock } from './access-token.js'
import { type AuditEvent, type AuditHook, type AuditReason, auditedCaller, auditedOperations } from './audit.js'
import type { Refusal } from './bearer.js'
import { messagesOf } from './json-rpc.js'
import type { Judgement, Operations } from './operations.js'
import type { RateLimiter } from './rate-limit.js'

export interface CallGuardOptions {
  readonly operations: Operations
  readonly limiter?: RateLimiter | undefined
  readonly clock: VerifierClock
  readonly audit?: AuditHook
}

type Outcome = Judgement | { readonly outcome: 'limit'; readonly refusal: Refusal }

/** The decision about a request, and its audit event. */
export type Verdict = (Judgement | { readonly outcome: 'limit'; readonly refusal: Refusal }) & {
  readonly event: AuditEvent
}

export interface CallGuard {
  /** Decides about a request. Calls the audit hook before it returns. */
  decide(accessToken: AccessToken, json: unknown, resourceMetadataUrl: string): Promise<Verdict>
  /** The same for callers that handle all refusals alike: the response instead of serving, or `undefined`. */
  refuse(accessToken: AccessToken, json: unknown, resourceMetadataUrl: string): Promise<Refusal | undefined>
}

const reasons: Readonly<Record<Verdict['outcome'], AuditReason>> = {
  allow: 'allowed',
  challenge: 'insufficient_scope',
  hide: 'hidden',
  limit: 'rate_limited',
}

export function createCallGuard({ operations, limiter, clock, audit }: CallGuardOptions): CallGuard {
  const judge = async (accessToken: AccessToken, json: unknown, resourceMetadataUrl: string): Promise<Outcome> => {
    // A batch costs as much as its messages individually.
    const limited = limiter && (await limiter.refuse(accessToken, Math.max(1, messagesOf(json).length)))
    return limited === undefined
      ? operations.judge(accessToken, json, resourceMetadataUrl)
      : { outcome: 'limit', refusal: limited }
  }
  const record = ({ outcome }: Outcome, accessToken: AccessToken, json: unknown): AuditEvent => {
    const event: AuditEvent = {
      at: clock.now().toISOString(),
      decision: outcome === 'allow' ? 'allow' : 'deny',
      reason: reasons[outcome],
      ...auditedCaller(accessToken),
      ...auditedOperations(json, operations),
    }
    audit?.(event)
    return event
  }
  return {
    decide: async (accessToken, json, resourceMetadataUrl) => {
      const outcome = await judge(accessToken, json, resourceMetadataUrl)
      return { ...outcome, event: record(outcome, accessToken, json) }
    },
    refuse: async (accessToken, json, resourceMetadataUrl) => {
      const outcome = await judge(accessToken, json, resourceMetadataUrl)
      if (audit !== undefined) record(outcome, accessToken, json)
      if (outcome.outcome === 'allow') return undefined
      return outcome.outcome === 'hide' ? outcome.answer : outcome.refusal
    },
  }
}
