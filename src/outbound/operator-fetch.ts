/** The outbound client for URLs that the operator configured. URLs named by clients go through `untrustedFetch` instead. */
import type { Dispatcher } from 'undici'
import { createBoundedFetch, type FetchBounds, type Send } from './bounded-fetch.js'

export interface OperatorFetchOptions extends FetchBounds {
  /** Sends every request to a server in this process (`in-process-route.ts`). Absent: over the network. */
  readonly dispatcher?: (() => Promise<Dispatcher>) | undefined
}

/** Node's own fetch does not accept a dispatcher of the undici package, whose version may differ from Node's. */
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

/** A `fetch` with a time limit and a size limit (`bounded-fetch.ts`). */
export function createOperatorFetch({
  dispatcher,
  ...bounds
}: OperatorFetchOptions): (url: string, init?: RequestInit) => Promise<Response> {
  return createBoundedFetch(bounds, dispatcher && sendOver(dispatcher))
}
