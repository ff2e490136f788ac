/**
 * The hosts of this deployment, which a stranger's client must not have redirects or links to: the consent page would show the operator's
 * host as the recipient, and codes would appear in the operator's own access logs (RFC 9700 §4.1).
 */
import { isLoopbackHost } from './redirect-uri.js'
import { canParseUrl } from './url.js'

/**
 * The URLs by which clients and people know a deployment: of the issuer and of each resource, former names included. A family has its
 * pattern in place of a URL.
 */
export function ownUrlsOf({
  issuer,
  resources,
}: {
  readonly issuer: string
  readonly resources: readonly { readonly url: string; readonly aliases?: readonly string[] | undefined }[]
}): readonly string[] {
  return [issuer, ...resources.flatMap(({ url, aliases = [] }) => [url, ...aliases])]
}

/**
 * Names and addresses of the machine itself that a loopback server answers at, or that lead to one: 127.0.0.0/8 and its form in IPv6
 * (RFC 1122 §3.2.1.3, RFC 4291 §2.5.5.2), the unspecified addresses, and what systems call it. As the URL parser writes them.
 */
const thisMachine =
  /^(?:127(?:\.\d+){3}|0\.0\.0\.0|\[::(?:ffff:(?:7f[\da-f]{2}:[\da-f]{1,4}|0:0))?\]|(?:.+\.)?localhost(?:\.localdomain)?)$/

/** Canonical host and port of a URL. `undefined` if it is malformed or has no host. */
function placeOf(url: string): { readonly hostname: string; readonly port: string } | undefined {
  if (!canParseUrl(url)) return undefined
  const { hostname, port, protocol } = new URL(url)
  if (protocol !== 'https:' && protocol !== 'http:') return undefined
  // A name with a trailing dot is the same host (RFC 1034 §3.1). Parsers lower-case it and encode international letters.
  const name = hostname.replace(/\.+$/, '')
  return {
    hostname: isLoopbackHost(name) || thisMachine.test(name) ? 'localhost' : name,
    port: port === '' ? (protocol === 'https:' ? '443' : '80') : port,
  }
}

interface Places {
  readonly exact: ReadonlySet<string>
  /** Labels of families' hosts, by what stands behind the last `*`: a deployment may have a thousand families. */
  readonly families: ReadonlyMap<string, readonly (readonly string[])[]>
}

/** Cookies are shared by all ports of a host. On loopback each port is a different program. */
function keyOf({ hostname, port }: { readonly hostname: string; readonly port: string }): string {
  return hostname === 'localhost' ? `localhost:${port}` : hostname
}

function familiesOf(hosts: readonly string[]): Places['families'] {
  const families = new Map<string, (readonly string[])[]>()
  for (const host of hosts) {
    const labels = host.split('.')
    const tail = labels.slice(labels.lastIndexOf('*') + 1).join('.')
    families.set(tail, [...(families.get(tail) ?? []), labels])
  }
  return families
}

const indexed = new WeakMap<readonly string[], Places>()

/** Cached, because a deployment may have a thousand URLs and checks the same list often. */
function placesOf(ownUrls: readonly string[]): Places {
  const known = indexed.get(ownUrls)
  if (known !== undefined) return known
  const keys = ownUrls.flatMap((url) => {
    const place = placeOf(url)
    return place === undefined ? [] : [keyOf(place)]
  })
  const places = {
    exact: new Set(keys.filter((key) => !key.includes('*'))),
    families: familiesOf(keys.filter((key) => key.includes('*'))),
  }
  indexed.set(ownUrls, places)
  return places
}

/** True if a family's pattern matches the host: `*` is one label. */
function isOfFamily(hostname: string, { families }: Places): boolean {
  const labels = hostname.split('.')
  return labels.some((_label, place) =>
    (families.get(labels.slice(place + 1).join('.')) ?? []).some(
      (family) =>
        family.length === labels.length && family.every((expected, at) => expected === '*' || expected === labels[at]),
    ),
  )
}

/**
 * True if `url` is on a host of one of `ownUrls`, at any port, because cookies are shared by all ports. On loopback each port is a
 * different program, so there the port has to match too, and all names of loopback are one host.
 */
export function isOnOwnHost(url: string, ownUrls: readonly string[]): boolean {
  const place = placeOf(url)
  if (place === undefined) return false
  const places = placesOf(ownUrls)
  return places.exact.has(keyOf(place)) || (places.families.size > 0 && isOfFamily(place.hostname, places))
}

/**
 * The same for a URI that is registered as a redirect. A loopback URI without a port matches every port (RFC 8252 §7.3), so it is checked
 * when a request names one.
 */
export function registersOwnHost(uri: string, ownUrls: readonly string[]): boolean {
  const namesAnyPort = canParseUrl(uri) && isLoopbackHost(new URL(uri).hostname) && new URL(uri).port === ''
  return !namesAnyPort && isOnOwnHost(uri, ownUrls)
}
