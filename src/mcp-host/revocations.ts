/** Follows the issuer's revocation feed. */
import type { Clock } from '../base/clock.js'
import type { Logger } from '../base/log.js'
import { createOperatorFetch, type OperatorFetchOptions } from '../outbound/operator-fetch.js'
import type { TokenVerifier } from '../resource-server/access-token.js'
import { createIssuerDiscovery } from '../resource-server/discovery.js'
import {
  type FeedState,
  followRevocations,
  type RevocationFeed,
  type RevocationFeedSettings,
  refuseRevoked,
} from '../resource-server/revocation-feed.js'
import type { IntrospectionCredentials } from './token-verifier.js'

export interface RevocationsOptions {
  readonly issuer: string
  /** How the issuer is reached from here, when that differs. */
  readonly internalUrl?: string | undefined
  /** See `OperatorFetchOptions`. */
  readonly dispatcher?: OperatorFetchOptions['dispatcher']
  /** Absent: the feed is not followed, and a revoked access token is accepted until it expires. */
  readonly credentials: IntrospectionCredentials | undefined
  readonly clock: Clock
  /** REVOCATION_MAX_SILENCE_SECONDS. */
  readonly maxSilenceSeconds: number | undefined
  /** Aborted when this server is about to close. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** A response may take ten seconds. A page of the feed is small, but an issuer's metadata may be long. */
const limits = { timeoutMs: 20_000, maxBytes: 1_048_576 }

/** Time an issuer may take to start or restart before the log warns. */
const patienceMs = 15_000

function noteIn(log: Logger): (state: FeedState) => void {
  let overdue: NodeJS.Timeout | undefined
  return (state) => {
    clearTimeout(overdue)
    if (state.isFollowing) return log.info('following revocations')
    const { reason } = state
    const warn = () =>
      log.warn({ reason }, 'the revocation feed cannot be read: a revoked token may stay valid until it expires')
    overdue = setTimeout(warn, patienceMs).unref()
  }
}

export type RevocationsReach = Pick<RevocationsOptions, 'issuer' | 'internalUrl' | 'dispatcher' | 'clock'> & {
  readonly credentials: IntrospectionCredentials
}

function follow(
  { issuer, internalUrl, dispatcher, credentials, clock }: RevocationsReach,
  further: Pick<RevocationFeedSettings, 'refuseAfterSeconds' | 'onChange'>,
): RevocationFeed {
  const fetch = createOperatorFetch({ ...limits, dispatcher })
  const feed = createIssuerDiscovery({ issuer, fetch, clock, ...(internalUrl !== undefined && { internalUrl }) })
  return followRevocations({ issuer, feed, credentials, fetch, clock, ...further })
}

/** Checks whether the feed can be followed, for the doctor; takes less than a second if the issuer answers. */
export function tryFollowing(reach: RevocationsReach): Promise<FeedState> {
  return new Promise((resolve) => {
    const feed = follow(reach, {
      onChange: (state) => {
        feed.close()
        resolve(state)
      },
    })
  })
}

/** Makes a verifier refuse revoked tokens, too. Several verifiers of a resource share the known revocations. */
export type RefuseRevoked = (verify: TokenVerifier) => TokenVerifier

/** Starts following at once; the issuer may start later, and restart. */
export function openRevocations(options: RevocationsOptions): RefuseRevoked {
  const { credentials, stopping, log } = options
  if (credentials === undefined) return (verify) => verify
  const feed = follow(
    { ...options, credentials },
    { refuseAfterSeconds: options.maxSilenceSeconds, onChange: noteIn(log) },
  )
  stopping.addEventListener('abort', () => feed.close())
  return (verify) => refuseRevoked(verify, feed)
}
