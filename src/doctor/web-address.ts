/** Compares URLs and classifies hosts. */

import { isIP } from 'node:net'
import { canParseUrl, withoutTrailingSlashes } from '../oauth/url.js'
import { isPublicAddress } from '../outbound/public-address.js'

/** The most significant difference between two URLs. `text`: none of the others, but not identical. */
export type Difference = 'scheme' | 'host' | 'slash' | 'path' | 'case' | 'text'

/** How `seen` differs from `expected`, which is a valid URL; `undefined` when they are identical, character for character. */
export function differenceOf(expected: string, seen: string): Difference | undefined {
  if (expected === seen) return undefined
  if (!canParseUrl(seen)) return 'text'
  const [one, other] = [new URL(expected), new URL(seen)]
  if (one.protocol !== other.protocol) return 'scheme'
  if (one.host !== other.host) return 'host'
  const [path, otherPath] = [one.pathname + one.search, other.pathname + other.search]
  if (path !== otherPath) {
    if (withoutTrailingSlashes(path) === withoutTrailingSlashes(otherPath)) return 'slash'
    return withoutTrailingSlashes(path).toLowerCase() === withoutTrailingSlashes(otherPath).toLowerCase()
      ? 'case'
      : 'path'
  }
  // Parsers add the slash of an empty path, so only the text shows whether there is one.
  if (withoutTrailingSlashes(expected) === withoutTrailingSlashes(seen)) return 'slash'
  return expected.toLowerCase() === seen.toLowerCase() ? 'case' : 'text'
}

const internalSuffixes = /\.(localhost|local|localdomain|internal|intranet|lan|home\.arpa|corp|svc)$/

/** True for hosts that are meaningless or different outside one machine or network. */
export function isInternalHost(hostname: string): boolean {
  const host = hostname
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase()
  if (isIP(host) !== 0) return !isPublicAddress(host)
  return !host.includes('.') || internalSuffixes.test(host)
}

/** True for this machine itself, in any spelling. */
export function isThisMachine(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

/** An absolute http(s) URL without user or fragment. */
export function isWebAddress(value: unknown): value is string {
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !canParseUrl(value)) return false
  const { username, password, hash } = new URL(value)
  return username === '' && password === '' && hash === ''
}
