/**
 * When keys change: pure rules over what is stored about them, no I/O. A signing key is `next` (published, not used yet), `current`
 * (signs), `previous` (published while anything that it signed may still be shown), and then destroyed. Of the cookie keys the newest
 * active one signs, and all verify.
 */

export const signingAlgorithms = ['ES256', 'RS256'] as const
/** ES256 signs access tokens. RS256 signs ID tokens, unless a client registered for ES256 (OpenID Connect Registration §2). */
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

export type SigningKeyStatus = 'next' | 'current' | 'previous'

/** All in seconds. */
export interface KeyPolicy {
  /** How long a key signs before another takes its place; 0: until the operator says so. */
  readonly rotationSeconds: number
  /** How long a new key is known to everybody before it signs: longer than anybody keeps a copy of the key set. */
  readonly leadSeconds: number
  /** How long a signing key stays published after its last signature: as long as anything that it signed is of use. */
  readonly signingKeptSeconds: number
  /** The same for cookie keys: as long as the cookie that lives longest. */
  readonly cookieKeptSeconds: number
}

/** An ID token lives an hour, an access token at most that. */
const longestTokenSeconds = 3_600

/** No browser keeps a cookie longer (RFC 6265bis §5.5): those of sessions live shorter, the one that knows a browser again does not. */
const longestCookieSeconds = 400 * 86_400

/** For clocks that differ, and requests under way. */
const slackSeconds = 600

export interface KeySettings {
  /** 0: only by hand. */
  readonly rotationDays: number
  readonly leadSeconds: number
  readonly sessionTtlSeconds: number
}

/** An ID token says who signs out (`id_token_hint`) as long as the session lives, long after it has expired. */
export function keyPolicy({ rotationDays, leadSeconds, sessionTtlSeconds }: KeySettings): KeyPolicy {
  return {
    rotationSeconds: rotationDays * 86_400,
    leadSeconds,
    signingKeptSeconds: Math.max(longestTokenSeconds, sessionTtlSeconds) + slackSeconds,
    cookieKeptSeconds: longestCookieSeconds + slackSeconds,
  }
}

/** What is stored about a key, without its secret part. */
export interface StoredKey {
  readonly kind: 'signing' | 'cookie'
  readonly id: string
  /** Of a signing key. */
  readonly algorithm: SigningAlgorithm | null
  readonly status: SigningKeyStatus | null
  readonly createdAt: Date
  readonly activatesAt: Date | null
  readonly publishedUntil: Date | null
}

/** What has to be done to the stored keys. */
export type KeyStep =
  | { readonly do: 'publish'; readonly algorithm: SigningAlgorithm }
  | { readonly do: 'activate'; readonly algorithm: SigningAlgorithm; readonly id: string }
  | { readonly do: 'publish cookie key' }
  | { readonly do: 'remove'; readonly kind: StoredKey['kind']; readonly id: string }

/** When a key begins to sign, or began. */
export function activeFrom({ activatesAt, createdAt }: Pick<StoredKey, 'activatesAt' | 'createdAt'>): Date {
  return activatesAt ?? createdAt
}

const plus = (date: Date, seconds: number) => date.getTime() + seconds * 1_000

/** Newest first; equal times by id, so that every process comes to the same order. */
function byActivation(left: StoredKey, right: StoredKey): number {
  return activeFrom(right).getTime() - activeFrom(left).getTime() || (left.id < right.id ? -1 : 1)
}

/**
 * The cookie keys in the order in which they are tried; the first one signs. One that is not active yet only verifies: another process
 * may be ahead of us.
 */
export function orderCookieKeys(keys: readonly StoredKey[], now: Date): readonly StoredKey[] {
  const sorted = keys.filter(({ kind }) => kind === 'cookie').sort(byActivation)
  const active = sorted.filter((key) => activeFrom(key) <= now)
  const pending = sorted.filter((key) => activeFrom(key) > now).reverse()
  return [...active, ...pending]
}

/** True when its successor has to be published now, to sign when its time is over. */
function needsSuccessor(key: StoredKey, { rotationSeconds, leadSeconds }: KeyPolicy, now: Date): boolean {
  return rotationSeconds > 0 && plus(activeFrom(key), Math.max(0, rotationSeconds - leadSeconds)) <= now.getTime()
}

function signingSteps(keys: readonly StoredKey[], policy: KeyPolicy, now: Date): KeyStep[] {
  return signingAlgorithms.flatMap((algorithm): KeyStep[] => {
    const own = keys.filter((key) => key.algorithm === algorithm)
    const next = own.find(({ status }) => status === 'next')
    if (next !== undefined) return activeFrom(next) <= now ? [{ do: 'activate', algorithm, id: next.id }] : []
    const current = own.find(({ status }) => status === 'current')
    return current !== undefined && needsSuccessor(current, policy, now) ? [{ do: 'publish', algorithm }] : []
  })
}

function cookieSteps(keys: readonly StoredKey[], policy: KeyPolicy, now: Date): KeyStep[] {
  const ordered = orderCookieKeys(keys, now)
  const [signing] = ordered
  const isSucceeded = ordered.some((key) => activeFrom(key) > now)
  const publish = signing !== undefined && !isSucceeded && needsSuccessor(signing, policy, now)
  // Each active key but the newest was relieved by the one before it in this order.
  const over = ordered.filter((key, index) => {
    const successor = ordered[index - 1]
    if (successor === undefined || activeFrom(key) > now) return false
    return plus(activeFrom(successor), policy.cookieKeptSeconds) <= now.getTime()
  })
  return [
    ...(publish ? [{ do: 'publish cookie key' } as const] : []),
    ...over.map(({ id }) => ({ do: 'remove', kind: 'cookie', id }) as const),
  ]
}

/** What is due. Empty nearly always. */
export function dueSteps(keys: readonly StoredKey[], policy: KeyPolicy, now: Date): readonly KeyStep[] {
  const ended = keys.filter(
    ({ status, publishedUntil }) => status === 'previous' && publishedUntil !== null && publishedUntil <= now,
  )
  return [
    ...signingSteps(keys, policy, now),
    ...cookieSteps(keys, policy, now),
    ...ended.map(({ id }) => ({ do: 'remove', kind: 'signing', id }) as const),
  ]
}
