/**
 * Fetches URLs that strangers named (client metadata, `jwks_uri`). Safe by construction: HTTPS only, every address a name
 * resolves to is checked before anything is dialled, and only a checked address is dialled, so that a name cannot change its
 * mind in between. No redirects, no cookies, no proxies; size and time are capped, and so is how many run at once.
 * Does not own what the answer means (CIMD draft §6, MCP security best practices).
 */
import { lookup as systemLookup } from 'node:dns/promises'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { Agent, fetch as undiciFetch } from 'undici'

export interface ResolvedAddress {
  readonly address: string
  readonly family: number
}

/** All addresses of a host name. Injected in tests; the system's resolver otherwise. */
export type Resolve = (hostname: string) => Promise<readonly ResolvedAddress[]>

export interface UntrustedFetchOptions {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly maxConcurrent: number
  /** Development and tests only: dial loopback addresses too. */
  readonly allowLoopback?: boolean
  readonly resolve?: Resolve
  /** Certificate authorities in PEM, instead of the system's. For tests with their own. */
  readonly ca?: string
}

/** IPv4 blocks that are not the public Internet (IANA special-purpose registry, RFC 6890; multicast and reserved space). */
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

/** All of IPv6 that is handed out to networks (RFC 4291 §2.4). What lies outside maps, translates or stays local. */
const global6: readonly string[] = ['2000::/3']

/** Blocks inside it that are special all the same: tunnels that carry an IPv4 address, documentation, benchmarks. */
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

function isLoopbackAddress(address: string): boolean {
  return address === '::1' || (isIP(address) === 4 && loopback4.check(address, 'ipv4'))
}

/** True for an address anyone on the Internet may be reached at. False for anything that is not an IP address. */
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

/** The one error strangers' URLs ever cause: what went wrong is for the log, never for them (no probing oracle). */
export class UntrustedFetchError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`refused or failed: ${detail}`, options)
    this.name = 'UntrustedFetchError'
  }
}

function checkedLookup(resolve: Resolve, allowed: (address: string) => boolean): LookupFunction {
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
      (error: unknown) => callback(new UntrustedFetchError('the name does not resolve', { cause: error }), '', 0),
    )
  }
}

async function readCapped(response: Awaited<ReturnType<typeof undiciFetch>>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += chunk.length
    if (length > maxBytes) throw new UntrustedFetchError('the answer is too large')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** A fetch for strangers' URLs. Rejects with UntrustedFetchError; answers carry status, headers and a body within the caps. */
export function createUntrustedFetch(options: UntrustedFetchOptions): typeof fetch {
  const resolve: Resolve = options.resolve ?? ((hostname) => systemLookup(hostname, { all: true }))
  const allowed = (address: string) =>
    isPublicAddress(address) || (options.allowLoopback === true && isLoopbackAddress(address))
  const dispatcher = new Agent({
    connect: {
      lookup: checkedLookup(resolve, allowed),
      timeout: options.timeoutMs,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    },
    maxHeaderSize: 16_384,
    pipelining: 0,
  })
  let running = 0

  async function run(url: URL, headers: Headers): Promise<Response> {
    const response = await undiciFetch(url, {
      dispatcher,
      headers: { accept: headers.get('accept') ?? 'application/json', 'accept-encoding': 'identity' },
      redirect: 'manual',
      signal: AbortSignal.timeout(options.timeoutMs),
    })
    if (response.headers.has('content-encoding')) throw new UntrustedFetchError('the answer is compressed')
    const body = await readCapped(response, options.maxBytes)
    const status = response.status === 0 || response.status < 200 ? 502 : response.status
    const empty = [204, 205, 304].includes(status)
    return new Response(empty ? null : new Uint8Array(body), { status, headers: [...response.headers] })
  }

  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : String(input))
    const literal = url.hostname.replace(/^\[|\]$/g, '')
    if (url.protocol !== 'https:') throw new UntrustedFetchError('only https is fetched')
    // A literal address is dialled without a lookup, so it is checked here.
    if (isIP(literal) !== 0 && !allowed(literal)) throw new UntrustedFetchError('the address is not public')
    if (running >= options.maxConcurrent) throw new UntrustedFetchError('too many fetches are running')
    running += 1
    try {
      return await run(url, new Headers(init?.headers))
    } catch (error) {
      throw error instanceof UntrustedFetchError ? error : new UntrustedFetchError('the fetch failed', { cause: error })
    } finally {
      running -= 1
    }
  }
}
