/**
 * Rate limits: token buckets, one for each caller and one for all together. If the common bucket is empty, each person still has a share,
 * so nobody can lock others out. Only authenticated requests count, so strangers use up nothing; the proxy in front has to handle floods
 * without a token.
 */
import { OAuthError } from '../oauth/errors.js'
import { type AccessToken, userOf, type VerifierClock } from './access-token.js'
import type { Refusal } from './bearer.js'

export interface RateLimit {
  /** Refill rate of a bucket; may be less than 1. */
  readonly perSecond: number
  /** Capacity: the number of requests that may arrive at once after a pause. */
  readonly burst: number
}

/** Store of the buckets. The one in this module is for one process; with a shared one, limits apply across all replicas. */
export interface RateLimitStore {
  /** Atomically takes `cost`, at most the burst, from the bucket `key`; returns 0 if allowed, otherwise the seconds until it is. */
  take(key: string, cost: number, limit: RateLimit, now: Date): number | Promise<number>
}

export interface RateLimiterOptions {
  /** For each client on behalf of each person, or as `callerOf` says. */
  readonly perCaller?: RateLimit | undefined
  /** For all callers together. If it is used up, each person still has a twentieth of it. */
  readonly overall?: RateLimit | undefined
  readonly clock: VerifierClock
  /** Default: buckets in this process. */
  readonly store?: RateLimitStore
  /** The bucket that a request counts in; default: client and person together, because many installations may share a client id. */
  readonly callerOf?: (accessToken: AccessToken) => string
}

export interface RateLimiter {
  /** `undefined` if the request is allowed, otherwise a 429 with Retry-After. `cost`: the number of its operations. */
  refuse(accessToken: AccessToken, cost?: number): Promise<Refusal | undefined>
}

interface Bucket {
  readonly level: number
  readonly at: number
}

/**
 * Buckets in memory. Beyond `maxBuckets` the least recently used one is dropped, which means it is full again: with more callers than that,
 * only frequent callers are limited.
 */
export function createBuckets(maxBuckets = 10_000): RateLimitStore {
  const buckets = new Map<string, Bucket>()
  return {
    take: (key, cost, { perSecond, burst }, now) => {
      const at = now.getTime() / 1000
      const kept = buckets.get(key) ?? { level: burst, at }
      // A clock that is set back must not empty a bucket.
      const level = Math.min(burst, kept.level + Math.max(0, at - kept.at) * perSecond)
      const isAllowed = level >= cost
      buckets.delete(key)
      buckets.set(key, { level: isAllowed ? level - cost : level, at })
      const [oldest] = buckets.size > maxBuckets ? buckets.keys() : []
      if (oldest !== undefined) buckets.delete(oldest)
      return isAllowed ? 0 : (cost - level) / perSecond
    },
  }
}

function refusalOf(text: string, detail: string, headers: Readonly<Record<string, string>> = {}): Refusal {
  const error = new OAuthError('temporarily_unavailable', text, { status: 429, detail })
  return { status: error.status, headers: { 'cache-control': 'no-store', ...headers }, body: error.toJSON(), error }
}

function tooMany(seconds: number, whose: string): Refusal {
  const retryAfter = String(Math.max(1, Math.ceil(seconds)))
  const text = 'too many requests: wait before you ask again'
  return refusalOf(text, `over the limit of ${whose}`, { 'retry-after': retryAfter })
}

function checkLimit(name: string, limit: RateLimit | undefined): void {
  if (limit !== undefined && !(limit.perSecond > 0 && limit.burst >= 1)) {
    throw new RangeError(`${name}: perSecond must be more than 0, and burst at least 1`)
  }
}

/** The limit of one person while the common bucket is empty. The burst is at least one request, because otherwise nothing would pass. */
function shareOf({ perSecond, burst }: RateLimit): RateLimit {
  return { perSecond: perSecond / 20, burst: Math.max(1, burst / 20) }
}

/** Throws a RangeError for limits that would let nothing pass. If the store fails, the request gets 500: nothing passes without a limit. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { perCaller, overall, clock, store = createBuckets() } = options
  checkLimit('perCaller', perCaller)
  checkLimit('overall', overall)
  const largestBatch = Math.min(
    perCaller?.burst ?? Number.POSITIVE_INFINITY,
    overall?.burst ?? Number.POSITIVE_INFINITY,
  )
  // The separator is a character that neither an id nor a URL contains.
  const share = overall === undefined ? undefined : shareOf(overall)
  const callerOf = options.callerOf ?? ((token: AccessToken) => `${token.clientId}\n${userOf(token) ?? ''}`)
  return {
    refuse: async (accessToken, cost = 1) => {
      if (cost > largestBatch)
        return refusalOf('too many requests in one batch: send fewer', 'a batch beyond the burst')
      const now = clock.now()
      // The caller's own limit first: a caller over it takes nothing from the common bucket.
      if (perCaller !== undefined) {
        const seconds = await store.take(`caller ${callerOf(accessToken)}`, cost, perCaller, now)
        if (seconds > 0) return tooMany(seconds, 'this caller')
      }
      if (overall === undefined || share === undefined) return undefined
      const seconds = await store.take('all', cost, overall, now)
      if (seconds === 0) return undefined
      // By person, not by caller, because one person can register any number of clients. A batch larger than the share takes all of it.
      const person = userOf(accessToken) ?? accessToken.clientId
      const wait = await store.take(`share ${person}`, Math.min(cost, share.burst), share, now)
      return wait === 0 ? undefined : tooMany(Math.min(seconds, wait), 'all callers')
    },
  }
}
