/**
 * Follows the revocation feed of a Gatehouse authorization server, so that tokens which verify themselves are refused within two
 * seconds of their revocation, without a question per call. The feed is no standard: another issuer has none. What is known stays in
 * force while the feed is down; whether that is enough is the caller's choice.
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
  /** Where the feed is: its URL, or a discovery of the issuer, whose metadata names it. */
  readonly feed: string | Pick<IssuerDiscovery, 'endpoint'>
  /** Of this resource server: a client that may introspect (`clients add --introspects`). */
  readonly credentials: ClientCredentials
  /** Its own limit of time must be longer than `waitSeconds`. */
  readonly fetch: FetchFunction
  readonly clock: VerifierClock
  /** How long a request waits at the authorization server for news; default 10. */
  readonly waitSeconds?: number
  /**
   * While nothing is heard from the feed for longer than this, or was not yet since the start, every token is answered with 503: no revoked token passes, but
   * an outage of the authorization server becomes one of this server. Default: never; then a revoked token passes at most until it
   * expires. At least `waitSeconds` and 5.
   */
  readonly refuseAfterSeconds?: number | undefined
  /** Told when the feed is lost and when it is back, for the log. */
  readonly onChange?: (state: FeedState) => void
}

export type FeedState = { readonly isFollowing: true } | { readonly isFollowing: false; readonly reason: string }

export interface RevocationFeed {
  /** Resolves when everything that was revoked lately is known. May never: see `check`. */
  readonly ready: Promise<void>
  /** What is known now. */
  isRevoked(accessToken: AccessToken): boolean
  /**
   * Throws `invalid_token` for a revoked token, and `temporarily_unavailable` when `refuseAfterSeconds` say so. The first call
   * waits, a few seconds at most, for what was revoked before this server started.
   */
  check(accessToken: AccessToken): Promise<void>
  /** The token without the scopes that its person took away since: a narrowed grant. The same object if nothing was. */
  narrowed(accessToken: AccessToken): AccessToken
  /** Stops following. What is known stays in force. */
  close(): void
}

interface Page {
  readonly facts: readonly RevocationFact[]
  readonly cursor: string
  readonly more: boolean
}

/** A fault that asking again soon will not mend. */
class Refused extends Error {}

const kinds: readonly unknown[] = ['grant', 'grant-scopes', 'token', 'client', 'account', 'key']

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** One fact. Kinds to come are passed over: an older library goes on with a newer server. */
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

/** Asks for one page. */
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
      // The credentials are for this place alone, whatever `fetch` does with redirects otherwise.
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

/** So many failures in a row are an outage, not a hiccup. */
const outageFailures = 3

/** Milliseconds until the next try. An authorization server that restarts is found again within a second. */
function pauseAfter(failures: number, error: unknown): number {
  return Math.min(200 * 2 ** (failures - 1), error instanceof Refused ? 10_000 : 800)
}

/** Starts following at once, and goes on until `close`, over outages and restarts of the authorization server. */
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
  // After a restart nothing is known. Until the first full answer, the feed counts as silent for too long.
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
        // At first, and after an outage, all there is without waiting: so that it is soon known whether the feed is there.
        const page = await read(cursor, failures === 0 && cursor !== undefined ? waitSeconds : 0)
        list.add(page.facts)
        cursor = page.cursor
        if (page.more) continue
        failures = 0
        heardAt = seconds()
        ready.open()
        note({ isFollowing: true })
        // However a server may answer, it is not asked without end.
        await sleep(20, undefined, { signal, ref: false })
      } catch (error) {
        if (signal.aborted) return
        failures += 1
        // A place that the server does not know any more: from the start.
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

/** A verifier that refuses revoked tokens too. Put it in front of the cache, not behind: cached tokens are revoked as well. */
export function refuseRevoked(verify: TokenVerifier, feed: RevocationCheck): TokenVerifier {
  return async (token) => {
    const accessToken = await verify(token)
    await feed.check(accessToken)
    return feed.narrowed?.(accessToken) ?? accessToken
  }
}
