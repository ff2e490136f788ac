/**
 * Resolves names that strangers chose to addresses that the server may connect to. Every address is checked, and the server connects only
 * to a checked one.
 */
import { lookup as systemLookup } from 'node:dns/promises'
import type { LookupFunction } from 'node:net'
import { createNameResolver, type Resolve } from './name-resolver.js'
import { isLoopbackAddress, isPublicAddress } from './public-address.js'
import { UntrustedFetchError } from './untrusted-fetch-error.js'

export interface LookupOptions {
  readonly timeoutMs: number
  /** Allow loopback addresses too. */
  readonly allowLoopback?: boolean
}

/** The rule that says whether the server may connect to an address. */
export function addressRule({ allowLoopback }: LookupOptions): (address: string) => boolean {
  return (address) => isPublicAddress(address) || (allowLoopback === true && isLoopbackAddress(address))
}

/** DNS; the system's resolver if loopback is allowed. */
export function resolverFor({ allowLoopback, timeoutMs }: LookupOptions): Resolve {
  if (allowLoopback === true) return (hostname) => systemLookup(hostname, { all: true })
  return createNameResolver({ timeoutMs })
}

/** Rejects with UntrustedFetchError if any address of the name is not allowed. */
export function checkedLookup(resolve: Resolve, allowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        const [first] = addresses
        if (first === undefined || !addresses.every(({ address }) => allowed(address))) {
          callback(new UntrustedFetchError('the name leads to an address that is not public'), '', 0)
        } else if (options.all === true) {
          callback(
            null,
            addresses.map(({ address, family }) => ({ address, family })),
          )
        } else {
          callback(null, first.address, first.family)
        }
      },
      (error: unknown) => {
        const isOurs = error instanceof UntrustedFetchError
        callback(isOurs ? error : new UntrustedFetchError('the name does not resolve', { cause: error }), '', 0)
      },
    )
  }
}
