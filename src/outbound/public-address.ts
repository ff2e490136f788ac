/** Recognises public IP addresses (IANA special-purpose registries, RFC 6890). Pure. */
import { BlockList, isIP } from 'node:net'

/** IPv4 blocks that are not public (IANA special-purpose registry, RFC 6890; multicast and reserved space). */
const special4: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]

/** The IPv6 space that is allocated to networks (RFC 4291 §2.4). Addresses outside it are mapped, translated or local. */
const global6: readonly string[] = ['2000::/3']

/** Special blocks inside it: tunnels that embed an IPv4 address, documentation, benchmarks. */
const special6: readonly string[] = ['2001::/23', '2001:db8::/32', '2002::/16', '2620:4f:8000::/48', '3fff::/20']

function blockListOf(ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
  return list
}

// One list per family: a list with a rule for mapped addresses (::ffff:0:0/96) would match every IPv4 address.
const lists = { special4: blockListOf(special4), global6: blockListOf(global6), special6: blockListOf(special6) }
const loopback4 = blockListOf(['127.0.0.0/8'])

/** 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && loopback4.check(address, 'ipv4'))
}

/** True for a public address. False for anything that is not an IP address. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !lists.special4.check(address, 'ipv4')
    case 6:
      return lists.global6.check(address, 'ipv6') && !lists.special6.check(address, 'ipv6')
    default:
      return false
  }
}
