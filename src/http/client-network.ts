/**
 * The networks that count as one sender for limits by address. A single IPv6 address identifies nobody: a household gets a /64, a /56 (256
 * of them) or a /48 (65,536). So all three are counted at once, and a wider network has a higher limit than the narrower ones in it.
 */
import { isIPv4, isIPv6 } from 'node:net'

export interface NetworkShare {
  /** The network in canonical form. */
  readonly network: string
  /** Its limit, as a multiple of the limit of one address. */
  readonly times: number
}

/** Prefix length, and the multiple of the limit of one address. */
const ipv6Shares = [
  [64, 1],
  [56, 4],
  [48, 16],
] as const

/** The eight groups of an IPv6 address as numbers. */
function groupsOf(address: string): readonly number[] {
  // A part in dotted decimals is the last two groups.
  const plain = address
    .replace(/%.*$/, '')
    .replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_match, ...bytes) =>
      [0, 2].map((at) => ((Number(bytes[at]) << 8) | Number(bytes[at + 1])).toString(16)).join(':'),
    )
  const [head = '', tail] = plain.split('::')
  const read = (part: string) => part.split(':').flatMap((group) => (group === '' ? [] : [Number.parseInt(group, 16)]))
  const before = read(head)
  const after = read(tail ?? '')
  return [...before, ...Array<number>(Math.max(0, 8 - before.length - after.length)).fill(0), ...after]
}

function ipv4Of(high = 0, low = 0): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/**
 * The IPv4 address that an IPv6 address embeds: mapped (RFC 4291 §2.5.5.2), translated (RFC 6052 §2.1, RFC 8215) or 6to4 (RFC 3056 §2).
 * Behind a translator all of IPv4 shares one /96, so the embedded addresses must be counted separately.
 */
function embeddedIPv4(groups: readonly number[]): string | undefined {
  const [first, second, third, , , sixth] = groups
  const isZero = (from: number, to: number) => groups.slice(from, to).every((group) => group === 0)
  if (isZero(0, 5) && sixth === 0xffff) return ipv4Of(groups[6], groups[7])
  if (first === 0x64 && second === 0xff9b && (isZero(2, 6) || third === 1)) return ipv4Of(groups[6], groups[7])
  return first === 0x2002 ? ipv4Of(second, third) : undefined
}

function prefixOf(groups: readonly number[], bits: number): string {
  const kept = groups.slice(0, 4).map((group, index) => {
    const keptBits = Math.min(16, Math.max(0, bits - index * 16))
    return (group & (0xffff << (16 - keptBits)) & 0xffff).toString(16)
  })
  return `${kept.join(':')}::/${bits}`
}

/**
 * The networks an address counts in, from the narrowest to the widest: an IPv4 address by itself, an IPv6 address by its /64, /56 and /48.
 * Anything else counts literally.
 */
export function clientNetworks(address: string): readonly NetworkShare[] {
  if (isIPv4(address) || !isIPv6(address)) return [{ network: address, times: 1 }]
  const groups = groupsOf(address)
  const embedded = embeddedIPv4(groups)
  if (embedded !== undefined) return [{ network: embedded, times: 1 }]
  return ipv6Shares.map(([bits, times]) => ({ network: prefixOf(groups, bits), times }))
}

/** The narrowest of its networks, which one machine or household has at least. Different spellings of an address give the same network. */
export function clientNetwork(address: string): string {
  return clientNetworks(address)[0]?.network ?? address
}
