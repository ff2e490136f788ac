/**
 * Proposals for the declaration file. If a client asks for a resource that is not declared, at a host that the operator named, the issuer
 * reads what that server says of itself, and writes the entry into the audit trail. The request is over by then: nothing is accepted, and
 * nobody is told.
 */
import { stringify } from 'yaml'
import type { UnknownResource } from '../authorization-server/options.js'
import { BoundedMap } from '../base/bounded-map.js'
import type { Logger } from '../base/log.js'
import { version } from '../base/version.js'
import type { Config } from '../config/config.js'
import { discoverServer } from '../discovery/discover.js'
import { discoveredEntry } from '../discovery/discovered-entry.js'
import { matchesHost } from '../oauth/host-pattern.js'
import { protectedResourceUrl } from '../oauth/public-url.js'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { createGuardedRequests, type GuardedRequests } from '../outbound/guarded-request.js'
import { UntrustedFetchError } from '../outbound/untrusted-fetch-error.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { createRateLimits } from '../storage/counters/rate-limits.js'
import type { Storage } from '../storage/storage.js'

const fetchLimits = { timeoutMs: 5_000, totalMs: 15_000, maxBytes: 65_536 } as const
/** Of a URL, and of the entry as it is written down. */
const longest = { url: 300, entry: 16_384 } as const

const daySeconds = 86_400

/** A stranger may ask for any path of such a host. In a day one server is asked once, and few are asked in an hour. */
const limits = {
  ofUrl: (url: string) => ({
    what: `resource proposal ${url}`,
    windowSeconds: daySeconds,
    perAddress: undefined,
    total: 1,
  }),
  all: { what: 'resource proposals', windowSeconds: 3_600, perAddress: 5, total: 20 },
} as const

export interface ResourceProposals {
  /** Returns at once and never throws. */
  note(asked: UnknownResource): void
  /** Ends what is under way. */
  close(): Promise<void>
}

/** The canonical URL if it may be asked; `undefined` for every other identifier. */
function askable(
  identifier: string,
  { ISSUER_URL: issuer, RESOURCE_DISCOVERY_HOSTS: hosts }: Config,
): string | undefined {
  if (identifier.length > longest.url || /[?%]/.test(identifier)) return undefined
  try {
    const url = protectedResourceUrl(identifier)
    const { protocol, hostname, host } = new URL(url)
    const isHere = protocol === 'https:' || isLoopbackHost(new URL(issuer).hostname)
    const isOurs = host === new URL(issuer).host
    return isHere && !isOurs && hosts.some((pattern) => matchesHost(pattern, hostname)) ? url : undefined
  } catch {
    return undefined
  }
}

/** Requests to the named hosts alone: the server says where its metadata is, and might say anything. */
function withinHosts({ send, close }: GuardedRequests, hosts: readonly string[]): GuardedRequests {
  return {
    send: async (request) => {
      const { hostname } = new URL(request.url)
      if (hosts.some((pattern) => matchesHost(pattern, hostname))) return send(request)
      throw new UntrustedFetchError('the host is none of RESOURCE_DISCOVERY_HOSTS')
    },
    close,
  }
}

/** `undefined`: the operator named no hosts. `requests`: injected in tests. */
export function createResourceProposals(
  config: Config,
  storage: Storage,
  log: Logger,
  requests: typeof createGuardedRequests = createGuardedRequests,
): ResourceProposals | undefined {
  const { ISSUER_URL: issuer, RESOURCE_DISCOVERY_HOSTS: hosts } = config
  if (hosts.length === 0) return undefined
  const counters = createRateLimits(storage.database.sql, storage.clock)
  const audit = createAuditTrail(storage, log)
  const asked = new BoundedMap<number>(1_000)
  let running: Promise<void> | undefined
  let open: GuardedRequests | undefined
  let isClosed = false

  async function entryOf(url: string): Promise<string> {
    const allowLoopback = isLoopbackHost(new URL(issuer).hostname) && isLoopbackHost(new URL(url).hostname)
    open = withinHosts(requests({ ...fetchLimits, allowLoopback, userAgent: `gatehouse-discover/${version}` }), hosts)
    try {
      const { entry } = discoveredEntry(await discoverServer(open, { url, issuer, token: undefined }), {})
      return stringify({ resources: [entry] }, { lineWidth: 0, aliasDuplicateObjects: false })
    } finally {
      await open.close()
      open = undefined
    }
  }

  async function propose(url: string, { clientId, address }: UnknownResource): Promise<void> {
    const all = address === undefined ? { ...limits.all, perAddress: undefined } : limits.all
    if ((await counters.take(all, address ?? '')) !== undefined) return void asked.delete(url)
    if ((await counters.take(limits.ofUrl(url), '')) !== undefined) return
    const entry = await entryOf(url)
    if (entry.length > longest.entry || isClosed) return
    await audit.record({ type: 'resource.proposed', clientId, detail: { resource: url, entry } })
  }

  return {
    note: (one) => {
      const url = askable(one.identifier, config)
      const now = storage.clock.now().getTime()
      if (url === undefined || isClosed || running !== undefined || (asked.get(url) ?? 0) > now) return
      asked.set(url, now + daySeconds * 1_000)
      running = propose(url, one)
        .catch((error: unknown) =>
          log.info({ resource: url, err: error }, 'a server that a client asked for does not introduce itself'),
        )
        .finally(() => {
          running = undefined
        })
    },
    close: async () => {
      isClosed = true
      await open?.close()
      await running
    },
  }
}
