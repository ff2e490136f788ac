/** A `fetch` with time and size limits. It has no dependencies, because the resource server library includes it. */

export interface FetchBounds {
  /** For the whole exchange, body included. */
  readonly timeoutMs: number
  /** Maximum body size in bytes. */
  readonly maxBytes: number
}

/** The used parts of a response; the body is read once. */
interface Received {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly body: AsyncIterable<Uint8Array> | null
}

/** Sends a request. */
export type Send = (url: string, init: RequestInit) => Promise<Received>

async function readCapped(response: Received, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new Error(`the answer is longer than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return new Uint8Array(Buffer.concat(chunks))
}

/** Statuses whose responses must not be given a body (Fetch standard, "null body status"). */
const withoutBody: ReadonlySet<number> = new Set([101, 103, 204, 205, 304])

/**
 * Reads the whole body before it resolves. Redirects are errors: a configured URL must be the final one. Any address is allowed, including
 * loopback and private ones, because the operator configured it.
 */
export function createBoundedFetch(
  { timeoutMs, maxBytes }: FetchBounds,
  send: Send = fetch,
): (url: string, init?: RequestInit) => Promise<Response> {
  return async (url, init = {}) => {
    const timeout = AbortSignal.timeout(timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    const response = await send(url, { ...init, redirect: 'error', signal })
    const body = await readCapped(response, maxBytes)
    return new Response(withoutBody.has(response.status) ? null : body, {
      status: response.status,
      headers: [...response.headers].map(([name, value]) => [name, value]),
    })
  }
}
