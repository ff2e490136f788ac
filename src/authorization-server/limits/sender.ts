/**
 * Whom a request counts for when requests are limited by address. A page of another origin can make its visitors' browsers send requests,
 * by calls or by sending the window here again and again, and would use up the limits of everybody behind their address. What a browser
 * sends for such a page without the person having pressed anything (Fetch Metadata, `Sec-Fetch-User`) counts apart: all pages together use
 * up their own share alone, and one of them half of that, so that honest web clients keep the rest.
 *
 * A browser without Fetch Metadata still names the calling page in `Origin` (Fetch standard, RFC 6454 §7.3), and sends none when a person
 * follows a link. At endpoints for programs such a request counts as a program's: some programs send an `Origin`. A program that forges
 * the headers has half as much again.
 */

import { hashSecret } from '../../base/secrets.js'
import { clientNetworks, type NetworkShare } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import { programEndpoints, routes } from '../routes.js'

/** True if the `Origin` header names another origin, or `null`: an origin that the browser does not tell. */
export function isFromForeignOrigin(ctx: HttpContext): boolean {
  const origin = ctx.get('origin')
  return origin !== '' && origin !== ctx.state.origin
}

/** Of what an address may do, how much pages of other sites may make its browsers do by themselves. */
const unaskedShare = 0.5

/** Of that, how much pages of one origin may. */
const shareOfOrigin = 0.25

/** The configuration endpoint of one client has a path below (RFC 7592). */
function isForPrograms(path: string): boolean {
  return programEndpoints.has(path) || path.startsWith(`${routes.registration}/`)
}

/** Neighbours below one domain are others too (`same-site`). */
function isUnasked(ctx: HttpContext): boolean {
  const site = ctx.get('sec-fetch-site')
  if (site === '') return isFromForeignOrigin(ctx) && !isForPrograms(ctx.path)
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
