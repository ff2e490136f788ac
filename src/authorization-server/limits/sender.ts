/**
 * Whom a request counts for when requests are limited by address. A page of another origin can make its visitors' browsers send requests,
 * by calls or by sending the window here again and again, and would use up the limits of everybody behind their address. What a browser
 * sends for such a page without the person having pressed anything (Fetch Metadata, `Sec-Fetch-User`) counts apart: all pages together use
 * up their own share alone, and one of them three quarters of that at most, so that honest web clients keep the rest.
 *
 * A browser without Fetch Metadata still names the calling page in `Origin` (Fetch standard, RFC 6454 §7.3), and sends none when a person
 * follows a link. At endpoints for programs such a request counts as a program's: some programs send an `Origin`. A program that forges
 * the headers has half as much again.
 *
 * One press is enough for many requests: for five seconds a page can send its popup here again and again, and the browser says of each
 * that the person pressed something. So these count as the person's own, and besides for the page: all pages together use up three
 * quarters of what an address has, and one of them half.
 */

import { hashSecret } from '../../base/secrets.js'
import { clientNetworks, type NetworkShare } from '../../http/client-network.js'
import type { HttpContext } from '../../http/context.js'
import { canParseUrl } from '../../oauth/url.js'
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

/** And all pages together that do not say where they are from. With its own share, one page cannot use up that of all pages. */
const unnamedShare = 0.125

/** Of what an address may do, how much pages of other sites may do of it while somebody presses something there. */
const pressedShare = 0.75

/** Of that, how much pages of one origin may, or all together that do not say where they are from. */
const pressedShareOfOrigin = 0.5

/** The configuration endpoint of one client has a path below (RFC 7592). */
function isForPrograms(path: string): boolean {
  return programEndpoints.has(path) || path.startsWith(`${routes.registration}/`)
}

/** Neighbours below one domain are others too (`same-site`). */
function isFromPage(ctx: HttpContext): boolean {
  const site = ctx.get('sec-fetch-site')
  if (site === '') return isFromForeignOrigin(ctx) && !isForPrograms(ctx.path)
  return site === 'cross-site' || site === 'same-site'
}

/**
 * Calls across origins name theirs in `Origin`. Navigations name it in `Referer`, unless the page tells the browser to leave it out.
 * `undefined` for a page that says nothing of itself; any page can make the browser say so, in a sandboxed frame too (`null`).
 */
function pageOrigin(ctx: HttpContext): string | undefined {
  const origin = ctx.get('origin')
  if (origin !== '') return origin === 'null' ? undefined : origin
  const referrer = ctx.get('referer')
  return canParseUrl(referrer) ? new URL(referrer).origin : undefined
}

/** The networks that a request counts in, each with how many times the limit of one address it has; the page's own first. */
export function senderNetworks(ctx: HttpContext): readonly NetworkShare[] {
  const networks = clientNetworks(ctx.state.clientAddress)
  if (!isFromPage(ctx)) return networks
  const isPressed = ctx.get('sec-fetch-user') === '?1'
  const kind = isPressed ? 'pressed pages' : 'pages'
  const [ofAll, ofOrigin, ofNobody] = isPressed
    ? [pressedShare, pressedShareOfOrigin, pressedShareOfOrigin]
    : [unaskedShare, shareOfOrigin, unnamedShare]
  const origin = pageOrigin(ctx)
  const ofPages = networks.flatMap(({ network, times }) => [
    origin === undefined
      ? { network: `${kind} of nobody at ${network}`, times: times * ofNobody }
      : { network: `${kind} of ${hashSecret(origin)} at ${network}`, times: times * ofOrigin },
    { network: `${kind} at ${network}`, times: times * ofAll },
  ])
  return isPressed ? [...ofPages, ...networks] : ofPages
}
