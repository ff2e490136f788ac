/** Parses the URLs in the operator's settings. Each parser returns the value, or throws an Error whose message completes "NAME …". */

import { isLoopbackHost } from './redirect-uri.js'
import { canonicalResource } from './resource.js'
import { canParseUrl } from './url.js'

function publicUrl(text: string): string {
  if (!canParseUrl(text) || !/^https?:\/\//.test(text)) throw new Error('must be an absolute http(s) URL')
  const url = new URL(text)
  // Checked in the text, because parsers drop spaces and an empty query, and the text is what is published.
  if (/[\s?#@\\]/.test(text)) throw new Error('must have no blank, query, fragment or user')
  if (url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    throw new Error('must be https unless its host is localhost')
  return text.replace(/\/$/, '')
}

/** Published unchanged and compared character for character (RFC 8414 §3.3), so only one spelling is allowed. */
export function issuerUrl(text: string): string {
  const issuer = publicUrl(text)
  const written = new URL(issuer).href.replace(/\/$/, '')
  if (issuer !== written) throw new Error(`must be written ${written}`)
  // It becomes the path of cookies, and is compared with request paths.
  if (!/^[\w\-.~/%]*$/.test(new URL(issuer).pathname) || new URL(issuer).pathname.includes('//'))
    throw new Error('must have a plain path, such as /auth')
  return issuer
}

/** URL at which one server of the deployment reaches another. The operator may choose http. */
export function internalUrl(text: string): string {
  if (!canParseUrl(text) || !/^https?:\/\//.test(text)) throw new Error('must be an absolute http(s) URL')
  return text.replace(/\/$/, '')
}

/** The canonical identifier of a protected resource (RFC 8707 §2), which tokens name. It may be a whole host. */
export function protectedResourceUrl(text: string): string {
  const canonical = canonicalResource(publicUrl(text))
  if (canonical === undefined) throw new Error('must be an absolute http(s) URL')
  return canonical
}

/** The same, for a host that serves more than the resource. */
export function resourceUrl(text: string): string {
  const canonical = protectedResourceUrl(text)
  if (new URL(canonical).pathname === '/') throw new Error('must name a path, for example /mcp')
  return canonical
}

/** Host values of an origin, in lower case: a client may spell out the port that the scheme implies (RFC 9110 §4.2.3). */
export function hostsOf(origin: string): string[] {
  const { host, port, protocol } = new URL(origin)
  return port === '' ? [host, `${host}:${protocol === 'https:' ? 443 : 80}`] : [host]
}
