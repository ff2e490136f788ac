/**
 * How often callers may ask: token buckets, one for each caller and one for all of them together. Once the common one is empty, each
 * person still has a share, so nobody can lock the others out. Only authenticated requests are counted, so strangers use up nothing;
 * floods without a token are for the proxy in front.
 */
import { OAuthError } from '../oauth/errors.js'
import { type AccessToken, userOf, type VerifierClock } from './access-token.js'
import type { Refusal } from './bearer.js'

export interface RateLimit {
  /** How fast a bucket fills; also less than 1. */
  readonly perSecond: number
  /** How much it holds: what may come at once after a pause. */
  readonly burst: number
}

/** Where buckets are kept. The one of this module is for one process; a shared one makes limits hold over all replicas. */
export interface RateLimitStore {
  /**
   * Takes `cost`, never more than the burst, out of the bucket `key` in one atomic step; 0 when that was allowed, else the seconds
   * until it will be.
   */
  take(key: string, cost: number, limit: RateLimit, now: Date): number | Promise<number>
}

export interface RateLimiterOptions {
  /** For each client on behalf of each person, or as `callerOf` says. */
  readonly perCaller?: RateLimit | undefined
  /** For all callers together. Once it is used up, each person still has a twentieth of it, whatever the others do. */
  readonly overall?: RateLimit | undefined
  readonly clock: VerifierClock
  /** Default: buckets in this process. */
  readonly store?: RateLimitStore
  /**
   * The bucket that a request counts in; default: client and person together, because one client id may stand for many installs.
   */
  readonly callerOf?: (accessToken: AccessToken) => string
}

export interface RateLimiter {
  /** `undefined` when the request may go on, else a 429 with Retry-After. `cost`: how many operations it asks for. */
  refuse(accessToken: AccessToken, cost?: number): Promise<Refusal | undefined>
}

interface Bucket {
  readonly level: number
  readonly at: number
}

/**
 * Buckets in memory. Beyond `maxBuckets` the one that was used longest ago is forgotten, that is, taken for full: with more callers
 * than that, only those who come often are limited, which are the ones that matter.
 */
export function createBuckets(maxBuckets = 10_000): RateLimitStore {
  const buckets = new Map<string, Bucket>()
  return {
    take: (key, cost, { perSecond, burst }, now) => {
      const at = now.getTime() / 1000
      const kept = buckets.get(key) ?? { level: burst, at }
      // A clock that was set back must not empty a bucket.
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

/** What one person has while the common bucket is empty. At least one request at once, or it would let nothing pass. */
function shareOf({ perSecond, burst }: RateLimit): RateLimit {
  return { perSecond: perSecond / 20, burst: Math.max(1, burst / 20) }
}

/** Throws a RangeError for limits that would let nothing pass. A store that fails is the caller's 500: nothing passes unlimited. */
export function createRateLimiter(options: RateLimiterOptions): RateLimiter {
  const { perCaller, overall, clock, store = createBuckets() } = options
  checkLimit('perCaller', perCaller)
  checkLimit('overall', overall)
  const largestBatch = Math.min(
    perCaller?.burst ?? Number.POSITIVE_INFINITY,
    overall?.burst ?? Number.POSITIVE_INFINITY,
  )
  // The user and the client apart by a character that neither an id nor a URL has.
  const share = overall === undefined ? undefined : shareOf(overall)
  const callerOf = options.callerOf ?? ((token: AccessToken) => `${token.clientId}\n${userOf(token) ?? ''}`)
  return {
    refuse: async (accessToken, cost = 1) => {
      if (cost > largestBatch)
        return refusalOf('too many requests in one batch: send fewer', 'a batch beyond the burst')
      const now = clock.now()
      // First the narrow one: a caller over its own limit takes nothing from the others.
      if (perCaller !== undefined) {
        const seconds = await store.take(`caller ${callerOf(accessToken)}`, cost, perCaller, now)
        if (seconds > 0) return tooMany(seconds, 'this caller')
      }
      if (overall === undefined || share === undefined) return undefined
      const seconds = await store.take('all', cost, overall, now)
      if (seconds === 0) return undefined
      // By the person, not by the caller: one person can register any number of clients. A batch beyond the share takes all of it.
      const person = userOf(accessToken) ?? accessToken.clientId
      const wait = await store.take(`share ${person}`, Math.min(cost, share.burst), share, now)
      return wait === 0 ? undefined : tooMany(Math.min(seconds, wait), 'all callers')
    },
  }
}
