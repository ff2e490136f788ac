/**
 * How the text of a setting is read. Each function returns the value, or throws an Error whose message completes "NAME …". Does not
 * know which settings there are.
 */

import { BlockList, isIP } from 'node:net'
import { isHostPattern } from '../oauth/host-pattern.js'
import { redirectKind } from '../oauth/redirect-uri.js'
import { canParseUrl } from '../oauth/url.js'
import { parseUsageLimits } from '../oauth/usage-limits.js'

export const text = (value: string): string => value

const tlsModes: readonly string[] = ['disable', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify']

/** libpq allows several hosts; this driver does not, and would look up one name with commas in it. */
export function databaseUrl(text: string): string {
  const [, authority] = /^postgres(?:ql)?:\/\/(?=.)([^/?#]*)/.exec(text) ?? []
  if (authority === undefined) throw new Error('must be a postgresql:// URL')
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  if (host.includes(',') || /[?&]host=[^&#]*(?:,|%2c)/i.test(text))
    throw new Error('must name one host: the primary, or a proxy that leads to it')
  const [, mode] = /[?&]sslmode=([^&#]*)/.exec(text) ?? []
  // The driver takes no notice of a mode that it does not know.
  if (mode !== undefined && !tlsModes.includes(mode)) throw new Error(`must have an sslmode of ${tlsModes.join(', ')}`)
  return text
}

export function oneOf<T extends string>(...values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => value === text)
    if (found === undefined) throw new Error(`must be one of ${values.join(', ')}`)
    return found
  }
}

export function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new Error(`must be a whole number from ${min} to ${max}`)
    return value
  }
}

/** `auto`: one for each core that this process may use. */
export type Workers = number | 'auto'

export function workers(text: string): Workers {
  if (text === 'auto') return text
  if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 128)
    throw new Error('must be auto or a whole number from 1 to 128')
  return Number(text)
}

export function listOf(entry: (text: string) => string): (text: string) => readonly string[] {
  return (text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '')
      .map(entry)
}

function subnet(address: string, bits: number): BlockList {
  const range = new BlockList()
  range.addSubnet(address, bits, 'ipv6')
  return range
}

/** Networks of IPv6 that stand for IPv4: mapped (RFC 4291), translated (RFC 6052, RFC 8215), 6to4 (RFC 3056). A /8 of IPv4 is `widest`. */
const embeddings = (
  [
    ['::ffff:0:0', 96, 104],
    ['64:ff9b::', 96, 104],
    ['64:ff9b:1::', 48, 104],
    ['2002::', 16, 24],
  ] as const
).map(([address, bits, widest]) => ({ address, widest, network: subnet(address, bits) }))

/** Unique local and link-local addresses: the only networks wider than what one operator is assigned. */
const localNetworks = (
  [
    ['fc00::', 7],
    ['fe80::', 10],
  ] as const
).map(([address, bits]) => ({ bits, network: subnet(address, bits) }))

/** The widest assignments of IPv6 to one operator are /19. The widest private block of IPv4 is 10.0.0.0/8. */
function widestPrefix(address: string, bits: number): number {
  if (isIP(address) === 4) return 8
  const range = subnet(address, bits)
  const embedded = embeddings.filter((one) => one.network.check(address, 'ipv6') || range.check(one.address, 'ipv6'))
  const local = localNetworks.find(({ network }) => network.check(address, 'ipv6'))
  return Math.max(local?.bits ?? 19, ...embedded.map(({ widest }) => widest))
}

export function addressRange(text: string): string {
  const [address = '', bits, ...more] = text.split('/')
  const family = isIP(address)
  const isRange = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32))
  if (family === 0 || !isRange || more.length > 0) throw new Error('must list addresses or CIDR ranges')
  if (bits !== undefined && Number(bits) < widestPrefix(address, Number(bits))) {
    throw new Error(`must not trust everybody: ${text} is wider than any network of yours`)
  }
  return text
}

export function privateUseRedirect(text: string): string {
  if (redirectKind(text) !== 'private-use') throw new Error('must list redirect URIs with private-use schemes')
  return text
}

export function hostPattern(text: string): string {
  if (!isHostPattern(text)) throw new Error('must list hosts such as client.example.com or *.example.com')
  return text
}

export function boolean(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new Error('must be true or false')
  return text === 'true'
}

/** One or several, separated by commas, blanks or lines; the first seals, all open. */
export function encryptionKeys(text: string): readonly string[] {
  const keys = text.split(/[\s,]+/).filter((key) => key !== '')
  if (keys.length === 0 || keys.some((key) => !/^[\w-]+$/.test(key) || Buffer.from(key, 'base64url').length < 32)) {
    throw new Error('must hold at least 32 random bytes in base64url, or several such keys')
  }
  return keys
}

export function sharedSecret(text: string): string {
  if (!/^[\x21-\x7e]{24,}$/.test(text)) throw new Error('must be at least 24 visible ASCII characters')
  return text
}

export function accentColor(text: string): string {
  if (!/^#[0-9a-f]{6}$/i.test(text)) throw new Error('must be a colour such as #0b5cad')
  return text.toLowerCase()
}

export function plainText(text: string): string {
  if (text.length > 60 || /[<>\p{C}]/u.test(text)) throw new Error('must be plain text of at most 60 characters')
  return text
}

/** A page that people are sent to. */
export function pageUrl(text: string): string {
  const url = canParseUrl(text) ? new URL(text) : undefined
  if (url?.protocol !== 'https:' || url.username !== '' || url.password !== '' || text.length > 500)
    throw new Error('must be an https URL')
  return url.href
}

export function contact(text: string): string {
  if (/^[\w.+-]+@[\w-]+(?:\.[\w-]+)+$/.test(text) && text.length <= 254) return text
  try {
    return pageUrl(text)
  } catch {
    throw new Error('must be an email address or an https URL')
  }
}

export function emailAddress(text: string): string {
  if (!/^[^\s@]+@[^\s@]+$/.test(text) || text.length > 254) throw new Error('must be an email address')
  return text.toLowerCase()
}

/** A token bucket: how fast it fills, how much it holds. */
export interface CallLimit {
  readonly perSecond: number
  readonly burst: number
}

/** `undefined` for text that `callLimit` does not take. */
export function parseCallLimit(text: string): CallLimit | undefined {
  const [, perSecond, burst] = /^(\d{1,6}(?:\.\d{1,3})?)\/(\d{1,6})$/.exec(text) ?? []
  const limit = { perSecond: Number(perSecond), burst: Number(burst) }
  return limit.perSecond > 0 && limit.burst >= 1 ? limit : undefined
}

export function callLimit(text: string): string {
  if (parseCallLimit(text) === undefined) throw new Error('must be requests a second and at once, such as 5/20')
  return text
}

export function usageLimits(text: string): string {
  parseUsageLimits(text)
  return text
}

/** Never repeats the text: a password is in it. */
export function smtpUrl(text: string): string {
  const expected = 'must be an smtps:// or smtp:// URL with a host, and nothing behind it'
  if (!canParseUrl(text)) throw new Error(expected)
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text)
  const isBare = (pathname === '' || pathname === '/') && search === '' && hash === ''
  if (!['smtp:', 'smtps:'].includes(protocol) || hostname === '' || !isBare) throw new Error(expected)
  try {
    decodeURIComponent(username + password)
  } catch {
    throw new Error('must have each % of its user name and password written as %25')
  }
  if ((username === '') !== (password === '')) throw new Error('must have both a user name and a password, or neither')
  return text
}

export function mailSender(text: string): string {
  const [, name, address = text] = /^([^<>"@,;:\\\p{C}]*) ?<([^<>]+)>$/u.exec(text) ?? []
  if (!/^[^\s@<>,;:"\p{C}]+@[^\s@<>,;:"\p{C}]+$/u.test(address) || text.length > 254 || (name?.length ?? 0) > 100)
    throw new Error('must be an address such as login@example.com or Example <login@example.com>')
  return text
}
