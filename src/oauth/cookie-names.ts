/** Names of cookies that keep issuers on one host apart. Pure. */
import { isLoopbackHost } from './redirect-uri.js'
import { pathOf } from './well-known.js'

/**
 * Distinguishes an issuer's cookies from those of another issuer on the same host. A browser sends a cookie to every port of a host (RFC
 * 6265 §8.5), so signing in at one of two instances on localhost would replace the session of the other; `__Host-` cookies cannot have
 * their own path either. Empty for an issuer at the root of the default port.
 */
export function cookieSuffix(issuer: string): string {
  const { port } = new URL(issuer)
  return `${port === '' ? '' : `_${port}`}${pathOf(issuer).replace(/[^\w-]/g, '_')}`
}

/**
 * The same for cookies that are bound to a path of their own, on a loopback host alone: issuers that share a real host are told apart by
 * their paths, and replicas of two releases must know each other's names.
 */
export function loopbackSuffix(issuer: string): string {
  return isLoopbackHost(new URL(issuer).hostname) ? cookieSuffix(issuer) : ''
}

/** The values of all cookies with this name in a `Cookie` header (RFC 6265 §4.2.1), in its order. */
export function cookiesNamed(header: string, name: string): readonly string[] {
  return header.split(';').flatMap((pair) => {
    const [key = '', ...rest] = pair.split('=')
    return key.trim() === name ? [rest.join('=').trim()] : []
  })
}
