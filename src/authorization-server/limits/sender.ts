/**
 * Whom a request counts for when requests are limited by address. A page of another site can make its visitors' browsers send requests,
 * by calls or by sending the window here again and again, and would use up the limits of everybody behind their address. What a browser
 * sends for a page of another site without the person having pressed anything (Fetch Metadata, `Sec-Fetch-User`) counts apart, so it
 * can use up its own share alone. Programs send no such headers; who forges them has half as much again.
 */
import { clientNetworks, type NetworkShare } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'

/** Of what an address may do, how much pages of other sites may make its browsers do by themselves. */
const unaskedShare = 0.5

function isUnasked(ctx: HttpContext): boolean {
  return ctx.get('sec-fetch-site') === 'cross-site' && ctx.get('sec-fetch-user') !== '?1'
}

/** The networks that a request counts in, each with how many times the limit of one address it has. */
export function senderNetworks(ctx: HttpContext): readonly NetworkShare[] {
  const networks = clientNetworks(ctx.state.clientAddress)
  if (!isUnasked(ctx)) return networks
  return networks.map(({ network, times }) => ({ network: `pages at ${network}`, times: times * unaskedShare }))
}
