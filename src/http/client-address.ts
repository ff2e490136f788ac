/**
 * Determines the client address of a request, behind trusted proxies or forwarded by this process's own forwarder. Does not decide which
 * proxies are trusted (TRUSTED_PROXIES).
 */
import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'
import { secretsEqual } from '../base/secrets.js'

/** A set of addresses and CIDR ranges. Throws on an entry that is neither. */
export function addressSet(entries: readonly string[]): BlockList {
  const set = new BlockList()
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/')
    const family = isIP(address)
    if (family === 0) throw new Error(`${entry} is neither an address nor a CIDR range`)
    const type = family === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) set.addAddress(address, type)
    else set.addSubnet(address, Number(bits), type)
  }
  return set
}

/** The address of the connection itself. */
export function peerAddress({ socket }: Pick<IncomingMessage, 'socket'>): string {
  return unmapped(socket.remoteAddress ?? '')
}

function unmapped(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address
}

/** Some proxies (Azure's) append the port of the connection to its address. */
function withoutPort(hop: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop
}

export function contains(set: BlockList | undefined, address: string): boolean {
  if (set === undefined) return false
  const family = isIP(address)
  return family !== 0 && set.check(address, family === 6 ? 'ipv6' : 'ipv4')
}

/** The header by which a forwarder proves that it runs in this process. */
export const forwarderHeader = 'x-gatehouse-forwarder'

/** True for a request of this process's own forwarder. Removes the proof from the request. */
export function takeForwarderProof({ headers }: IncomingMessage, secret: string | undefined): boolean {
  const proof = headers[forwarderHeader]
  delete headers[forwarderHeader]
  return typeof proof === 'string' && secret !== undefined && secretsEqual(proof, secret)
}

/**
 * The address the request came from: the socket's, the one that the own forwarder names, or the nearest untrusted X-Forwarded-For entry
 * behind trusted proxies.
 */
export function clientAddress(request: IncomingMessage, trusted: BlockList | undefined, isForwarded: boolean): string {
  let address = peerAddress(request)
  if (!isForwarded && !contains(trusted, address)) return address
  // Node joins several headers into one.
  const hops = String(request.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((hop) => unmapped(withoutPort(hop.trim())))
  // The own forwarder has already evaluated the proxies.
  if (isForwarded) return hops.at(-1) ?? address
  while (contains(trusted, address)) {
    const next = hops.pop()
    if (next === undefined || isIP(next) === 0) break
    address = next
  }
  return address
}
