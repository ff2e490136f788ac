/**
 * Follows the revocation feed of a Gatehouse authorization server, so that JWTs are refused within two seconds of their revocation, without
 * a request per call. The feed is not a standard: other issuers have none. Known revocations stay in effect while the feed is down; the
 * caller decides whether that is enough.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { revocationFeedMember } from '../oauth/well-known.js'
import {
  type AccessToken,
  type FetchFunction,
  invalidToken,
  type TokenVerifier,
  type VerifierClock,
  verificationUnavailable,
} from './access-token.js'
import { type ClientCredentials, createClientAuthentication } from './client-authentication.js'
import type { IssuerDiscovery } from './discovery.js'
import { createRevocationList, type RevocationFact, type RevocationListOptions } from './revocation-list.js'

export interface RevocationFeedSettings extends RevocationListOptions {
  /** The issuer whose tokens are checked. Tokens of other issuers are ignored. */
  readonly issuer: string
  /** The feed: its URL, or a discovery of the issuer, whose metadata names it. */
  readonly feed: string | Pick<IssuerDiscovery, 'endpoint'>
  /** Credentials of this resource server: a client that may introspect (`clients add --introspects`). */
  readonly credentials: ClientCredentials
  /** Its time-out must be longer than `waitSeconds`. */
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** How long a request waits at the authorization server for new entries; default 10. */
  readonly waitSeconds?: number
  /**
   * Answer 503 to every token if the feed has been silent for longer than this, including since start-up: no revoked token passes, but an
   * outage of the authorization server becomes one of this server. Default: never; then a revoked token passes at most until it expires. At
   * least `waitSeconds` and 5.
   */
  readonly refuseAfterSeconds?: number | undefined
  /** Called when the feed is lost and when it is back, for the log. */
  readonly onChange?: (state: FeedState) => void
}

export type FeedState = { readonly isFollowing: true } | { readonly isFollowing: false; readonly reason: string }

export interface RevocationFeed {
  /** Resolves when all recent revocations are known. This may never happen: see `check`. */
  readonly ready: Promise<void>
  /** By the revocations known now. */
  isRevoked(accessToken: AccessToken): boolean
  /**
   * Throws `invalid_token` for a revoked token, and `temporarily_unavailable` if `refuseAfterSeconds` have passed. The first call waits, at
   * most a few seconds, for the revocations from before this server started.
   */
  check(accessToken: AccessToken): Promise<void>
  /** The token without the scopes that its person took away since: a narrowed grant. The same object if nothing was. */
  narrowed(accessToken: AccessToken): AccessToken
  /** Stops following. Known revocations stay in effect. */
  close(): void
}

interface Page {
  readonly facts: readonly RevocationFact[]
  readonly cursor: string
  readonly more: boolean
}

/** A fault that an early retry will not fix. */
class Refused extends Error {}

const kinds: readonly unknown[] = ['grant', 'grant-scopes', 'token', 'client', 'account', 'key']

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One entry. Unknown kinds are skipped, so that an older library works with a newer server. */
function factOf(value: unknown): RevocationFact[] {
  if (!isObject(value)) throw new Error('not an answer of the feed')
  const { kind, id, at, expires_at: expiresAt, resource, scopes } = value
  if (!kinds.includes(kind)) return []
  if (typeof id !== 'string' || typeof at !== 'number' || typeof expiresAt !== 'number') {
    throw new Error('not an answer of the feed')
  }
  const fact = { kind: kind as RevocationFact['kind'], id, at, expiresAt }
  if (kind !== 'grant-scopes') return [fact]
  if (typeof resource !== 'string' || !Array.isArray(scopes)) throw new Error('not an answer of the feed')
  return [{ ...fact, resource, scopes: scopes.filter((scope) => typeof scope === 'string') }]
}

function pageOf(body: unknown): Page {
  if (!isObject(body) || !Array.isArray(body['revocations'])) throw new Error('not an answer of the feed')
  const { cursor, more } = body
  if (typeof cursor !== 'string' || typeof more !== 'boolean') throw new Error('not an answer of the feed')
  return { facts: body['revocations'].flatMap(factOf), cursor, more }
}

/** Requests one page. */
function createReader(settings: RevocationFeedSettings, closed: AbortSignal) {
  const { feed } = settings
  const authenticate = createClientAuthentication(settings.credentials, settings)
  const locate = async () => (typeof feed === 'string' ? feed : feed.endpoint(revocationFeedMember))
  const ask = async (after: string | undefined, waitSeconds: number, signal: AbortSignal): Promise<Page> => {
    const url = await locate()
    if (url === undefined) throw new Refused('the issuer has no revocation feed')
    const { headers, parameters } = await authenticate()
    const response = await settings.fetch(url, {
      signal,
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', ...headers },
      body: new URLSearchParams({
        ...parameters,
        wait: String(waitSeconds),
        ...(after !== undefined && { after }),
      }).toString(),
      // The credentials must go to this URL only, whatever `fetch` does by default.
      redirect: 'error',
    })
    if (response.status === 200) return pageOf(await response.json())
    const reason = `status ${response.status}`
    throw response.status >= 500 ? new Error(reason) : new Refused(reason)
  }
  return async (after: string | undefined, waitSeconds: number): Promise<Page> => {
    const over = new AbortController()
    const end = () => over.abort()
    const timer = setTimeout(end, (waitSeconds + 5) * 1000).unref()
    closed.addEventListener('abort', end)
    try {
      return await ask(after, waitSeconds, over.signal)
    } finally {
      clearTimeout(timer)
      closed.removeEventListener('abort', end)
    }
  }
}

/** A promise that is resolved from outside. */
function createGate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { opened, open: () => open() }
}

/** This many consecutive failures are an outage. */
const outageFailures = 3

/** Milliseconds until the next attempt. A restarted authorization server is found again within a second. */
function pauseAfter(failures: number, error: unknown): number {
  return Math.min(200 * 2 ** (failures - 1), error instanceof Refused ? 10_000 : 800)
}

/** Starts following at once, and continues until `close`, across outages and restarts of the authorization server. */
export function followRevocations(settings: RevocationFeedSettings): RevocationFeed {
  const { issuer, clock, waitSeconds = 10, refuseAfterSeconds, onChange } = settings
  if (refuseAfterSeconds !== undefined && refuseAfterSeconds < waitSeconds + 5) {
    throw new RangeError(
      `refuseAfterSeconds must be at least ${waitSeconds + 5}: the feed may be silent for that long in normal operation`,
    )
  }
  const closing = new AbortController()
  const { signal } = closing
  const read = createReader(settings, signal)
  const list = createRevocationList(settings)
  const seconds = () => clock.now().getTime() / 1000
  const ready = createGate()
  const settled = createGate()
  let isSettled = false
  let isFollowing: boolean | undefined
  // After a restart nothing is known, so until the first complete response the feed counts as silent for too long.
  let heardAt = Number.NEGATIVE_INFINITY

  function note(state: FeedState): void {
    if (isFollowing !== state.isFollowing) onChange?.(state)
    isFollowing = state.isFollowing
    isSettled = true
    settled.open()
  }

  async function follow(): Promise<void> {
    let cursor: string | undefined
    let failures = 0
    while (!signal.aborted) {
      try {
        // Initially, and after an outage, without waiting, to learn quickly whether the feed is available.
        const page = await read(cursor, failures === 0 && cursor !== undefined ? waitSeconds : 0)
        list.add(page.facts)
        cursor = page.cursor
        if (page.more) continue
        failures = 0
        heardAt = seconds()
        ready.open()
        note({ isFollowing: true })
        // Prevents a busy loop, whatever a server responds.
        await sleep(20, undefined, { signal, ref: false })
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        // The server no longer knows this cursor: start again.
        if (error instanceof Refused) cursor = undefined
        if (failures >= outageFailures) note({ isFollowing: false, reason: String(error) })
        await sleep(pauseAfter(failures, error), undefined, { signal, ref: false }).catch(() => undefined)
      }
    }
  }

  void follow()
  const isRevoked = (accessToken: AccessToken) => accessToken.issuer === issuer && list.revokes(accessToken)
  return {
    ready: ready.opened,
    isRevoked,
    narrowed: (accessToken) => (accessToken.issuer === issuer ? list.narrowed(accessToken) : accessToken),
    check: async (accessToken) => {
      if (accessToken.issuer !== issuer) return
      if (!isSettled) await settled.opened
      if (isRevoked(accessToken)) throw invalidToken('revoked')
      if (refuseAfterSeconds !== undefined && seconds() - heardAt > refuseAfterSeconds) {
        throw verificationUnavailable(`the revocation feed has been silent for ${refuseAfterSeconds} seconds`)
      }
    },
    close: () => {
      closing.abort()
      isSettled = true
      settled.open()
    },
  }
}

/** What a verifier asks of a feed. Without `narrowed`, scopes that were taken away count until the token expires. */
export type RevocationCheck = Pick<RevocationFeed, 'check'> & Partial<Pick<RevocationFeed, 'narrowed'>>

/** A verifier that refuses revoked tokens too. Wrap it around the cache, not inside, because cached tokens may be revoked as well. */
export function refuseRevoked(verify: TokenVerifier, feed: RevocationCheck): TokenVerifier {
  return async (token) => {
    const accessToken = await verify(token)
    await feed.check(accessToken)
    return feed.narrowed?.(accessToken) ?? accessToken
  }
}
