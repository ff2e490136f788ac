/** Classifies redirect URIs (RFC 8252 §7, RFC 9700 §4.1). */
import { canParseUrl } from './url.js'

export type RedirectKind = 'https' | 'loopback' | 'private-use' | 'forbidden'

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Schemes that a browser or an operating system executes or opens itself; a code must never be sent there. */
const dangerousSchemes: ReadonlySet<string> = new Set(
  'javascript data vbscript blob file about view-source filesystem ftp ws wss mailto tel sms intent http'.split(' '),
)

/** True for the host of a loopback interface redirect, exactly spelled. */
export function isLoopbackHost(host: string): boolean {
  return loopbackHosts.has(host.toLowerCase())
}

/** A loopback origin in exact spelling, with any port; the port may be empty (RFC 3986 §3.2.3). */
const loopbackOrigin = 'http://(?:localhost|127\\.0\\.0\\.1|\\[::1\\])(?::\\d*)?'
const emptyPath = new RegExp(`^(${loopbackOrigin})(?=$|\\?)`, 'i')
const slashAlone = new RegExp(`^(${loopbackOrigin})/(?=$|\\?)`, 'i')

/** Literally absolute. Parsers also accept `https:host`, and `http://127.1` as a loopback address, which people would not recognise. */
const spelledOut = new RegExp(`^(?:https://[^/?]|${loopbackOrigin}(?:[/?]|$))`, 'i')

/**
 * Classifies a redirect URI by its target. `forbidden` covers relative URIs, fragments, user information, control characters, spaces,
 * backslashes, wildcards, http off loopback, loopback in a disguised spelling, and dangerous schemes in any spelling. A private-use scheme
 * is not necessarily allowed: the registration policy decides that.
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
 * Adds the path `/` to a loopback URI without a path: both are the same request (RFC 9110 §4.2.3, RFC 3986 §6.2.3), and an update of a
 * program may use the other spelling. Other URIs are unchanged, because their comparison is exact.
 */
export function withLoopbackPath(value: string): string {
  return value.replace(emptyPath, '$1/')
}

/** All spellings of a redirect URI: two for a loopback URI with an empty path, one for all others. */
export function loopbackSpellings(value: string): readonly string[] {
  const written = withLoopbackPath(value)
  const bare = written.replace(slashAlone, '$1')
  return [...new Set([value, written, bare])]
}

/** A path segment that identifies one connection of a product. */
const serial = /^(?=.*\d)[\w-]{10,}$/

/**
 * The redirect URI without the parts that differ between registrations of a product: a loopback port, identifiers in the path, the query.
 * Only for lists that people read, never for comparison.
 */
export function redirectShape(value: string): string {
  if (!canParseUrl(value)) return value
  const { protocol, host, hostname, pathname } = new URL(value)
  const authority = redirectKind(value) === 'loopback' ? `${hostname}:*` : host
  const path = pathname.split('/').map((segment) => (serial.test(segment) ? '*' : segment))
  return `${protocol}//${authority}${path.join('/')}`
}
