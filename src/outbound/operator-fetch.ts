/** The outbound client for URLs that the operator configured. URLs named by clients go through `untrustedFetch` instead. */
import type { Dispatcher } from 'undici'

export interface OperatorFetchOptions {
  /** For the whole exchange, body included. */
  readonly timeoutMs: number
  /** Longest body that is read. */
  readonly maxBytes: number
  /** Leads every request to a server in this process (`in-process-route.ts`). Absent: over the network. */
  readonly dispatcher?: (() => Promise<Dispatcher>) | undefined
}

/** What is used of an answer; the body is read once. */
interface Received {
  readonly status: number
  readonly headers: Iterable<readonly [string, string]>
  readonly body: AsyncIterable<Uint8Array> | null
}

type Send = (url: string, init: RequestInit) => Promise<Received>

/** Node's own fetch does not take a dispatcher of the package: the two may be of different versions. */
function sendOver(dispatcher: NonNullable<OperatorFetchOptions['dispatcher']>): Send {
  return async (url, { method, headers, body, redirect, signal }) => {
    const { fetch } = await import('undici')
    return fetch(url, {
      ...(method !== undefined && { method }),
      ...(typeof body === 'string' && { body }),
      ...(redirect !== undefined && { redirect }),
      ...(signal && { signal }),
      headers: [...new Headers(headers)],
      dispatcher: await dispatcher(),
    })
  }
}

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
 * A `fetch` with a time limit and a size limit; the body is read before it answers. Redirects are errors: a configured URL names
 * its final place. Any address may be reached, loopback and private ones too; that is the operator's choice.
 */
export function createOperatorFetch(
  options: OperatorFetchOptions,
): (url: string, init?: RequestInit) => Promise<Response> {
  const send: Send = options.dispatcher === undefined ? fetch : sendOver(options.dispatcher)
  return async (url, init = {}) => {
    const timeout = AbortSignal.timeout(options.timeoutMs)
    const signal = init.signal ? AbortSignal.any([init.signal, timeout]) : timeout
    const response = await send(url, { ...init, redirect: 'error', signal })
    const body = await readCapped(response, options.maxBytes)
    return new Response(withoutBody.has(response.status) ? null : body, {
      status: response.status,
      headers: [...response.headers].map(([name, value]) => [name, value]),
    })
  }
}
