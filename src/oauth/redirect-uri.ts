/** What kind of place a redirect URI leads to (RFC 8252 §7, RFC 9700 §4.1). */
import { canParseUrl } from './url.js'

export type RedirectKind = 'https' | 'loopback' | 'private-use' | 'forbidden'

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Schemes a browser or an operating system runs or opens by itself; never a place to send a code to. */
const dangerousSchemes: ReadonlySet<string> = new Set(
  'javascript data vbscript blob file about view-source filesystem ftp ws wss mailto tel sms intent http'.split(' '),
)

/** True for the host of a loopback interface redirect, exactly spelled. */
export function isLoopbackHost(host: string): boolean {
  return loopbackHosts.has(host.toLowerCase())
}

/** A loopback origin, letter for letter, with any port; the port may be empty (RFC 3986 §3.2.3). */
const loopbackOrigin = 'http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])(?::\\d*)?'
const emptyPath = new RegExp(`^(${loopbackOrigin})(?=$|\\?)`, 'i')
const slashAlone = new RegExp(`^(${loopbackOrigin})/(?=$|\\?)`, 'i')

/** Absolute as written. Parsers also take `https:host`, and `http://127.1` for a loopback address; people would not. */
const spelledOut = new RegExp(`^(?:https://[^/?]|${loopbackOrigin}(?:[/?]|$))`, 'i')

/**
 * Sorts a redirect URI by where it leads. `forbidden` covers relative URIs, fragments, user information, control characters,
 * blanks, backslashes, wildcards, plain http off loopback, loopback in a disguised spelling, and dangerous schemes in any
 * spelling. A private-use scheme is not yet an allowed one: the registration policy decides that.
 */
export function redirectKind(value: string): RedirectKind {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this refuses
  if (/[\u0000-\u0020\u007f-\uffff\\#*]/.test(value) || !canParseUrl(value)) return 'forbidden'
  const url = new URL(value)
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?]*@/.test(value)) return 'forbidden'
  const scheme = url.protocol.slice(0, -1).toLowerCase()
  if (scheme === 'https') return spelledOut.test(value) ? 'https' : 'forbidden'
  if (scheme === 'http') return spelledOut.test(value) && isLoopbackHost(url.hostname) ? 'loopback' : 'forbidden'
  return dangerousSchemes.has(scheme) ? 'forbidden' : 'private-use'
}

/**
 * The redirect URI with the path written out that a loopback URI without one has: on the wire both are one request (RFC 9110
 * §4.2.3, RFC 3986 §6.2.3), and an update of a program may write the other. Everything else stays as it is, https above all: there
 * the comparison is exact.
 */
export function withLoopbackPath(value: string): string {
  return value.replace(emptyPath, '$1/')
}

/** Every spelling of the same redirect URI: two for a loopback URI whose path is empty, one for all others. */
export function loopbackSpellings(value: string): readonly string[] {
  const written = withLoopbackPath(value)
  const bare = written.replace(slashAlone, '$1')
  return [...new Set([value, written, bare])]
}

/** A path segment that names one connection of a product, not the product. */
const serial = /^(?=.*\d)[\w-]{10,}$/

/**
 * The redirect URI without what differs from one registration of a product to the next: a loopback port, identifiers in the
 * path, the query. For lists that people read; never to compare redirects.
 */
export function redirectShape(value: string): string {
  if (!canParseUrl(value)) return value
  const { protocol, host, hostname, pathname } = new URL(value)
  const authority = redirectKind(value) === 'loopback' ? `${hostname}:*` : host
  const path = pathname.split('/').map((segment) => (serial.test(segment) ? '*' : segment))
  return `${protocol}//${authority}${path.join('/')}`
}
