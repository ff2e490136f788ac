/**
 * What strangers can make a front do upstream: create clients, and have requests refused. One network has its own limit, and a share of it once
 * the total is used up.
 *
 * A page of another site can make its visitors' browsers send requests, and would use up the limits of everybody behind their address. What a
 * browser sends for a page elsewhere (Fetch Metadata) counts apart, as at our own issuer: half as much as programs may, in total
 * and at each address, and one site half of that. Clients that run in browsers get in as long as no page floods. A
 * program that forges the headers has half as much again.
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
  /** The origin of the page elsewhere that a browser sends for; empty if the browser does not say which. Absent: no such page. */
  readonly page?: string | undefined
}

const shareOfPages = 0.5
/** Of one page's origin, of what pages may. */
const shareOfOrigin = 0.5

/** Neighbours below one domain are others too (`same-site`). */
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

/** How a sender counts. `unknown`: whom it counts for where nobody says which address asks, and how much that one may. */
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

/** Clients created in an hour. Where nobody says which address asks, the total is all there is. */
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
 * Token requests in a minute that the upstream server refuses, and revocations. There, all come from the front: a server that limits what one
 * address may ask would lock out everybody for one stranger's junk. A request counts from its arrival, or parallel ones would pass the
 * limit together; give it back if it was granted. Where nobody says which address asks, each client has the limit of one.
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
