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
  /** Absent: nothing is followed, and a revoked access token lives until it expires. */
  readonly credentials: IntrospectionCredentials | undefined
  readonly clock: Clock
  /** REVOCATION_MAX_SILENCE_SECONDS. */
  readonly maxSilenceSeconds: number | undefined
  /** Aborted when this server is about to close. */
  readonly stopping: AbortSignal
  readonly log: Logger
}

/** An answer may take ten seconds to come; a page of it is small, but an issuer may have a long document. */
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

/** Whether following works, for the operator's doctor: within a second where somebody answers. */
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

/** Makes a verifier refuse what was revoked, too. Several verifiers of one resource share what is known. */
export type RefuseRevoked = (verify: TokenVerifier) => TokenVerifier

/** Follows from now on; the issuer may start later, and restart. */
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
