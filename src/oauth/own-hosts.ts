/**
 * The hosts of this deployment, as places that a client could send people to. A stranger's client must not name one: the consent page would
 * show the operator's host as the receiver of the access, and codes would arrive in the operator's own access logs (RFC 9700 §4.1).
 */
import { isLoopbackHost } from './redirect-uri.js'
import { canParseUrl } from './url.js'

/** The URLs by which clients and people know a deployment: of the issuer and of each resource, former names included. */
export function ownUrlsOf({
  issuer,
  resources,
}: {
  readonly issuer: string
  readonly resources: readonly { readonly resource: string; readonly aliases?: readonly string[] | undefined }[]
}): readonly string[] {
  return [issuer, ...resources.flatMap(({ resource, aliases = [] }) => [resource, ...aliases])]
}

/**
 * Names and addresses of the machine itself that a loopback server answers at, or that lead to one: 127.0.0.0/8 and its form in IPv6
 * (RFC 1122 §3.2.1.3, RFC 4291 §2.5.5.2), the unspecified addresses, and what systems call it. As the URL parser writes them.
 */
const thisMachine =
  /^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::(?:ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0))?\]|(?:.+\.)?localhost(?:\.localdomain)?)$/

/** What a URL's authority names: one place has one key. `undefined`: the URL is malformed or has no host. */
function placeOf(url: string): { readonly hostname: string; readonly port: string } | undefined {
  if (!canParseUrl(url)) return undefined
  const { hostname, port, protocol } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return undefined
  // A name with a dot at its end is the same host (RFC 1034 §3.1). Parsers lower its case and encode its international letters.
  const name = hostname.replace(/\.+$/, '')
  return {
    hostname: isLoopbackHost(name) || thisMachine.test(name) ? 'localhost' : name,
    port: port === '' ? (protocol === 'https:' ? '443' : '80') : port,
  }
}

/**
 * True when `url` leads to a host of one of `ownUrls`, at any port: cookies do not tell ports apart. On loopback each port is a program of
 * its own, so there host and port decide, and all names of loopback are one host.
 */
export function isOnOwnHost(url: string, ownUrls: readonly string[]): boolean {
  const place = placeOf(url)
  if (place === undefined) return false
  return ownUrls.some((own) => {
    const ownPlace = placeOf(own)
    if (ownPlace?.hostname !== place.hostname) return false
    return place.hostname !== 'localhost' || ownPlace.port === place.port
  })
}

/**
 * The same for a URI that is registered as a redirect. A loopback URI without a port stands for every port (RFC 8252 §7.3), so it is
 * judged when a request names one.
 */
export function registersOwnHost(uri: string, ownUrls: readonly string[]): boolean {
  const namesAnyPort = canParseUrl(uri) && isLoopbackHost(new URL(uri).hostname) && new URL(uri).port === ''
  return !namesAnyPort && isOnOwnHost(uri, ownUrls)
}
