/**
 * Resolves names that strangers chose, by DNS only. The system's resolver runs on the thread pool that hashes passwords and reads files, so
 * a few names whose servers never answer would block everything. It also resolves names of this machine and its network, which strangers
 * must not reach.
 */
import { Resolver } from 'node:dns/promises'
import { UntrustedFetchError } from './untrusted-fetch-error.js'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** All addresses of a host name. Rejects if it has none. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>

export interface NameResolverOptions {
  /** Maximum time for one name, all attempts together. */
  readonly timeoutMs: number
  /** `address:port` of DNS servers to use instead of the system's. */
  readonly servers?: readonly string[]
}

/** Names that never belong to a host on the Internet (RFC 6761, RFC 6762, RFC 8375, RFC 7686, ICANN's `internal`). */
const reservedDomains = ['localhost', 'local', 'internal', 'home.arpa', 'onion', 'invalid', 'test']

/** True if the name may belong to a host on the Internet. A name of one label belongs to the local network. */
export function isInternetName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/, '')
  return name.includes('.') && !reservedDomains.some((domain) => name === domain || name.endsWith(`.${domain}`))
}

export function createNameResolver({ timeoutMs, servers }: NameResolverOptions): Resolve {
  const resolver = new Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 })
  if (servers !== undefined) resolver.setServers(servers)
  return async (hostname) => {
    if (!isInternetName(hostname)) throw new UntrustedFetchError('the name is not public')
    const [four, six] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)])
    const addresses = [
      ...(four.status === 'fulfilled' ? four.value.map((address) => ({ address, family: 4 })) : []),
      ...(six.status === 'fulfilled' ? six.value.map((address) => ({ address, family: 6 })) : []),
    ]
    if (addresses.length === 0 && four.status === 'rejected') throw four.reason
    return addresses
  }
}
