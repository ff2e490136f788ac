/**
 * The key that an address-based limit counts a request under. A page of another site can make its visitors' browsers send
 * requests, by calls or by navigating its window here repeatedly. That would exhaust the limits of everybody behind their
 * address. So requests that a browser sends for another site's page without a press by the person (Fetch Metadata,
 * `Sec-Fetch-User`) count separately and exhaust only their own share. Programs send no such headers; a sender that forges them
 * gains half of the limit again.
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
