/**
 * Fetches URLs that strangers named (client metadata, `jwks_uri`). HTTPS only. Every address of a name is checked before a connection is
 * opened, and the server connects only to a checked address, which prevents DNS rebinding. No redirects, no cookies, no proxies. Size, time
 * and concurrency, in total and per host, are limited. Does not interpret the response (CIMD draft §6, MCP security best practices).
 */
import { isIP } from 'node:net'
import type { fetch as undiciFetch } from 'undici'
import { addressRule, checkedLookup, resolverFor } from './checked-lookup.js'
import type { Resolve } from './name-resolver.js'
import { UntrustedFetchBusyError, UntrustedFetchError } from './untrusted-fetch-error.js'

export interface UntrustedFetchOptions {
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly maxConcurrent: number
  /** Maximum of these to one host and port. */
  readonly maxConcurrentPerHost: number
  /** Hosts that the operator allows; checked before anything else. Default: all. */
  readonly allowsHost?: (hostname: string) => boolean
  /** Development and tests only: allow loopback addresses too. */
  readonly allowLoopback?: boolean
  /** Injected in tests; otherwise DNS, or the system's resolver if loopback is allowed. */
  readonly resolve?: Resolve
  /** Certificate authorities in PEM, instead of the system's. For tests with their own. */
  readonly ca?: string
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

/** Request headers that are sent; all others, including credentials and cookies, are dropped. */
const passedOn = ['accept', 'if-none-match'] as const

function requestHeaders(given: Headers): Record<string, string> {
  const headers: Record<string, string> = { accept: 'application/json', 'accept-encoding': 'identity' }
  for (const name of passedOn) {
    const value = given.get(name)
    if (value !== null) headers[name] = value
  }
  return headers
}

/** Counts running fetches, in total and by host. `enter` throws instead of queueing, because attackers could fill a queue. */
function createTurnstile({ maxConcurrent, maxConcurrentPerHost }: UntrustedFetchOptions) {
  const byHost = new Map<string, number>()
  let running = 0
  return {
    enter(host: string): void {
      const atHost = byHost.get(host) ?? 0
      if (running >= maxConcurrent) throw new UntrustedFetchBusyError('too many fetches are running')
      if (atHost >= maxConcurrentPerHost) throw new UntrustedFetchBusyError('too many fetches are running at this host')
      running += 1
      byHost.set(host, atHost + 1)
    },
    leave(host: string): void {
      const atHost = (byHost.get(host) ?? 1) - 1
      running -= 1
      if (atHost === 0) byHost.delete(host)
      else byHost.set(host, atHost)
    },
  }
}

/** A fetch for strangers' URLs. Rejects with UntrustedFetchError; responses have status, headers and a body within the limits. */
export function createUntrustedFetch(options: UntrustedFetchOptions): typeof fetch {
  const allowed = addressRule(options)
  /** Loaded at the first fetch: most processes never make one, and it costs 15 MiB. */
  const openClient = async () => {
    const { Agent, fetch } = await import('undici')
    const dispatcher = new Agent({
      connect: {
        lookup: checkedLookup(options.resolve ?? resolverFor(options), allowed),
        timeout: options.timeoutMs,
        ...(options.ca === undefined ? {} : { ca: options.ca }),
      },
      maxHeaderSize: 16_384,
      pipelining: 0,
    })
    return { dispatcher, fetch }
  }
  let client: ReturnType<typeof openClient> | undefined
  const turnstile = createTurnstile(options)

  async function run(url: URL, headers: Headers): Promise<Response> {
    client ??= openClient()
    const { dispatcher, fetch } = await client
    const response = await fetch(url, {
      dispatcher,
      headers: requestHeaders(headers),
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
    if (options.allowsHost?.(url.hostname) === false)
      throw new UntrustedFetchError('the operator does not allow this host')
    // For a literal address there is no lookup, so it is checked here.
    if (isIP(literal) !== 0 && !allowed(literal)) throw new UntrustedFetchError('the address is not public')
    turnstile.enter(url.hostname)
    try {
      return await run(url, new Headers(init?.headers))
    } catch (error) {
      throw error instanceof UntrustedFetchError ? error : new UntrustedFetchError('the fetch failed', { cause: error })
    } finally {
      turnstile.leave(url.hostname)
    }
  }
}
