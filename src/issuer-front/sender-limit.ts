/**
 * Limits what strangers can make a front do upstream: create clients, and cause refused requests. Each network has its own limit, and a
 * share of it once the total is used up.
 *
 * A page of another site can make its visitors' browsers send requests, and could use up the limits of everyone behind their address. So
 * cross-site browser requests (Fetch Metadata) are counted separately, as at Gatehouse's own issuer: half the limit of programs, in total
 * and per address, and half of that for one site. Clients that run in browsers work unless a page floods. A program that forges the headers
 * gains half of the limit.
 */
import { hash } from 'node:crypto'
import { clientNetworks, type NetworkShare } from '../http/client-network.js'
import {
  type CountedLimit,
  createWindowCounters,
  type Excess,
  type Reservation,
  shareBeyondTotal,
} from '../http/window-counters.js'
import type { IssuerFrontOptions } from './options.js'

export interface Sender {
  readonly address: string | undefined
  /** The origin of the cross-site page; empty if the browser does not name it. Absent: not a cross-site request. */
  readonly page?: string | undefined
}

const shareOfPages = 0.5
/** Share of one origin in the limit of all pages. */
const shareOfOrigin = 0.5

/** Other hosts of the same site count as cross-site too (`same-site`). */
export function senderOf({ headers }: Request, address: string | undefined): Sender {
  const site = headers.get('sec-fetch-site')
  const isElsewhere = site === 'cross-site' || site === 'same-site'
  return { address, ...(isElsewhere && { page: headers.get('origin') ?? '' }) }
}

const share = (uses: number, part: number) => Math.max(1, Math.floor(uses * part))

interface SenderLimit {
  readonly name: string
  readonly windowSeconds: number
  readonly total: number
  readonly perAddress: number
}

/** How a sender is counted. `unknown`: the key and limit if the address is unknown. */
function countOf(
  limit: SenderLimit,
  { address, page }: Sender,
  unknown: { readonly name: string; readonly limit: number },
): { readonly counted: CountedLimit; readonly who: readonly NetworkShare[] } {
  const part = page === undefined ? 1 : shareOfPages
  const { windowSeconds } = limit
  const name = page === undefined ? limit.name : `${limit.name} for pages`
  const ofSite = ({ network, times }: NetworkShare): NetworkShare => ({
    network: `${hash('sha256', page ?? '', 'base64url')} at ${network}`,
    times: times * shareOfOrigin,
  })
  const networks = address === undefined ? [{ network: unknown.name, times: 1 }] : clientNetworks(address)
  const who = page === undefined ? networks : [...networks, ...networks.map(ofSite)]
  if (address === undefined) return { counted: { name, windowSeconds, limit: share(unknown.limit, part) }, who }
  const ofAddress = share(limit.perAddress, part)
  const total = share(limit.total, part)
  return {
    counted: { name, windowSeconds, limit: ofAddress, total, limitBeyond: shareBeyondTotal(ofAddress) },
    who,
  }
}

/** Limits created clients per hour. If the address is unknown, only the total applies. */
export function createRegistrationLimit(options: IssuerFrontOptions): (sender: Sender) => Excess | undefined {
  const { registrationsPerHour: total = 600, registrationsPerHourAndAddress: perAddress = 60, clock } = options
  const counters = createWindowCounters({ clock, maxEntries: 10_000 })
  const limit = { name: 'registration', windowSeconds: 3_600, total, perAddress }
  return (sender) => {
    const { counted, who } = countOf(limit, sender, { name: 'all', limit: total })
    return counters.take(counted, who)
  }
}

/**
 * Limits refused token requests and revocations per minute. Upstream, all come from the front's address: a server with a rate limit per
 * address would lock everyone out because of one stranger's invalid requests. A request counts on arrival, because parallel requests would
 * otherwise pass the limit together; refund it if it was granted. If the address is unknown, each client has the limit of one address.
 */
export function createRefusalLimit(options: IssuerFrontOptions): (sender: Sender, clientId: string) => Reservation {
  const { refusalsPerMinute: total = 1_200, refusalsPerMinuteAndAddress: perAddress = 300, clock } = options
  const counters = createWindowCounters({ clock, maxEntries: 10_000 })
  const limit = { name: 'refusal', windowSeconds: 60, total, perAddress }
  return (sender, clientId) => {
    const { counted, who } = countOf(limit, sender, { name: `client ${clientId}`, limit: perAddress })
    return counters.reserve(counted, who)
  }
}
