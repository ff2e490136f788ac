/**
 * Requests to a server that the operator named and does not trust yet: with the caller's method, headers and body, under the rules of
 * `untrusted-fetch.ts` for addresses, redirects and size. http is allowed to loopback only, and only if loopback is allowed.
 */
import { isIP } from 'node:net'
import { isLoopbackHost } from '../oauth/redirect-uri.js'
import { addressRule, checkedLookup, resolverFor } from './checked-lookup.js'
import type { Resolve } from './name-resolver.js'
import { UntrustedFetchError } from './untrusted-fetch-error.js'

export interface GuardedRequestOptions {
  /** Maximum time of one exchange, body included. */
  readonly timeoutMs: number
  /** Maximum time of all exchanges, from the first on. */
  readonly totalMs: number
  /** Maximum size of one response body. */
  readonly maxBytes: number
  readonly allowLoopback: boolean
  readonly userAgent: string
  /** Injected in tests. */
  readonly resolve?: Resolve
  /** Certificate authorities in PEM, instead of the system's. For tests with their own. */
  readonly ca?: string
}

export interface GuardedRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Receives each piece of the body as text. Once it returns true, the rest is not read: an event stream may never end. */
  readonly isEnough?: (piece: string) => boolean
}

export interface GuardedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: string
}

export interface GuardedRequests {
  /** Rejects with UntrustedFetchError. */
  send(request: GuardedRequest): Promise<GuardedAnswer>
  close(): Promise<void>
}

/** Opens nothing before the first request. Close it when done. */
export function createGuardedRequests(options: GuardedRequestOptions): GuardedRequests {
  const { allowLoopback, timeoutMs, totalMs, maxBytes, userAgent, ca } = options
  const allowed = addressRule(options)
  const openClient = async () => {
    const { Agent, fetch } = await import('undici')
    const lookup = checkedLookup(options.resolve ?? resolverFor(options), allowed)
    const connect = { lookup, timeout: timeoutMs, ...(ca !== undefined && { ca }) }
    const dispatcher = new Agent({ connect, maxHeaderSize: 16_384, pipelining: 0 })
    return { fetch, dispatcher, end: AbortSignal.timeout(totalMs) }
  }
  let client: ReturnType<typeof openClient> | undefined

  function judge({ protocol, hostname }: URL): void {
    const isPlain = protocol === 'http:' && allowLoopback && isLoopbackHost(hostname)
    if (protocol !== 'https:' && !isPlain) throw new UntrustedFetchError('only https is fetched')
    // For a literal address there is no lookup.
    const literal = hostname.replace(/^\[|\]$/g, '')
    if (isIP(literal) !== 0 && !allowed(literal)) throw new UntrustedFetchError('the address is not public')
  }

  async function run({ method, url, headers, body, isEnough }: GuardedRequest): Promise<GuardedAnswer> {
    judge(new URL(url))
    client ??= openClient()
    const { fetch, dispatcher, end } = await client
    const response = await fetch(url, {
      method,
      headers: { 'user-agent': userAgent, 'accept-encoding': 'identity', ...headers },
      body: body ?? null,
      redirect: 'manual',
      dispatcher,
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), end]),
    })
    if (response.headers.has('content-encoding')) throw new UntrustedFetchError('the answer is compressed')
    const decoder = new TextDecoder()
    const pieces: string[] = []
    let size = 0
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength
      if (size > maxBytes) throw new UntrustedFetchError('the answer is too large')
      const piece = decoder.decode(chunk, { stream: true })
      pieces.push(piece)
      if (isEnough?.(piece) === true) break
    }
    return { status: response.status, headers: new Headers([...response.headers]), body: pieces.join('') }
  }

  return {
    send: async (request) => {
      try {
        return await run(request)
      } catch (error) {
        throw error instanceof UntrustedFetchError
          ? error
          : new UntrustedFetchError('the fetch failed', { cause: error })
      }
    },
    close: async () => {
      if (client !== undefined) await (await client).dispatcher.destroy()
    },
  }
}
