/**
 * Whom a request counts for when requests are limited by address. A page of another origin can make its visitors' browsers send requests,
 * by calls or by sending the window here again and again, and would use up the limits of everybody behind their address. What a browser
 * sends for such a page without the person having pressed anything (Fetch Metadata, `Sec-Fetch-User`) counts apart: all pages together use
 * up their own share alone, and one of them half of that, so that honest web clients keep the rest. Programs send no such headers; who
 * forges them has half as much again.
 */

import { hashSecret } from '../../base/secrets.js'
import { clientNetworks, type NetworkShare } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'

/** Of what an address may do, how much pages of other sites may make its browsers do by themselves. */
const unaskedShare = 0.5

/** Of that, how much pages of one origin may. */
const shareOfOrigin = 0.25

/** Neighbours below one domain are others too (`same-site`). */
function isUnasked(ctx: HttpContext): boolean {
  const site = ctx.get('sec-fetch-site')
  return (site === 'cross-site' || site === 'same-site') && ctx.get('sec-fetch-user') !== '?1'
}

/** The networks that a request counts in, each with how many times the limit of one address it has. */
export function senderNetworks(ctx: HttpContext): readonly NetworkShare[] {
  const networks = clientNetworks(ctx.state.clientAddress)
  if (!isUnasked(ctx)) return networks
  // Calls across origins name theirs; navigations do not.
  const origin = ctx.get('origin')
  return networks.flatMap(({ network, times }) => [
    ...(origin === ''
      ? []
      : [{ network: `pages of ${hashSecret(origin)} at ${network}`, times: times * shareOfOrigin }]),
    { network: `pages at ${network}`, times: times * unaskedShare },
  ])
}
