/** Addresses of senders: X-Forwarded-For behind trusted proxies, and the networks by which senders are counted. */
import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4, isIPv6 } from 'node:net'
import { addressSet, clientAddress, contains } from '../../../src/http/client-address.js'
import { clientNetwork, clientNetworks } from '../../../src/http/client-network.js'
import { isPublicAddress } from '../../../src/outbound/public-address.js'
import { type FuzzTarget, headerTextOf, insist, insistEqual, linesOf } from '../target.js'

const trusted = addressSet(['10.0.0.0/8', '2001:db8:ff::/48'])
const proxies = ['10.0.0.1', '::ffff:10.0.0.1', '2001:db8:ff::1']

function addressOf(peer: string, forwarded: string): string {
  const request = { socket: { remoteAddress: peer }, headers: { 'x-forwarded-for': forwarded } }
  return clientAddress(request as unknown as IncomingMessage, trusted, false)
}

function checkForwarded(peer: string, forwarded: string): void {
  insistEqual(addressOf('192.0.2.1', forwarded), '192.0.2.1', 'a stranger says nothing about itself', forwarded)
  for (const proxy of [...proxies, peer]) {
    if (isIP(proxy) === 0) continue
    const address = addressOf(proxy, forwarded)
    insist(isIP(address) !== 0, 'the sender is an address', proxy, forwarded, address)
    if (!contains(trusted, address)) {
      // Whatever stands to the left, a sender put there itself.
      insistEqual(
        addressOf(proxy, `203.0.113.9, ${forwarded}`),
        address,
        'the nearest untrusted hop counts',
        proxy,
        forwarded,
      )
    }
  }
}

/** The way a URL parser writes an IPv6 address (WHATWG URL, RFC 5952). */
function written(address: string): string {
  return new URL(`http://[${address}]/`).hostname.slice(1, -1)
}

function checkNetworks(address: string): void {
  const networks = clientNetworks(address)
  // A zone is of this machine alone, and no URL has one.
  if (address.includes('%')) return
  if (!isIPv6(address)) {
    insistEqual(networks, [{ network: clientNetwork(address), times: 1 }], 'one network', address)
    return
  }
  insistEqual(clientNetworks(written(address)), networks, 'every spelling is one sender', address)
  const [first] = networks
  if (networks.length === 1) {
    insist(first !== undefined && isIPv4(first.network), 'one network alone is one of IPv4', address, networks)
    return
  }
  insistEqual(
    networks.map(({ times }) => times),
    [1, 4, 16],
    'a /64, a /56 and a /48',
    address,
  )
  for (const { network } of networks) {
    insist(contains(addressSet([network]), address), 'an address is in its networks', address, network)
  }
}

export const clientAddressTarget: FuzzTarget = {
  name: 'client-address',
  surface: 'X-Forwarded-For and addresses: nobody chooses whose limit is used',
  maxBytes: 8_192,
  dictionary: [
    '10.0.0.1',
    '2001:db8:ff::1',
    '::ffff:',
    '64:ff9b::',
    '2002:',
    '192.0.2.1',
    ', ',
    '[',
    ']:80',
    ':80',
    '::',
    '%eth0',
    'unknown',
    '0x7f.1',
  ],
  check: (input) => {
    const [address = '', forwarded = ''] = linesOf(input, 2)
    const header = headerTextOf(Buffer.from(forwarded))
    checkForwarded(address, header)
    checkForwarded(address, headerTextOf(Buffer.from(address)))
    checkNetworks(address)
    if (isIPv6(address) && !address.includes('%')) {
      insistEqual(isPublicAddress(written(address)), isPublicAddress(address), 'every spelling is as public', address)
    }
  },
}
