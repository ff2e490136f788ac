/** One conditional GET of a JSON document at a stranger's URL. Handles HTTP only; the caller interprets the JSON. */
import { type FreshnessBounds, freshSeconds } from './http-freshness.js'
import { UntrustedFetchError } from './untrusted-fetch-error.js'

export interface JsonDocumentRequest {
  readonly url: string
  /** Validator of the current copy; the response may then be 304. */
  readonly etag?: string | undefined
  /** Maximum size of the body in bytes. */
  readonly maxBytes: number
  readonly freshness: FreshnessBounds
  readonly nowMs: number
}

export interface JsonDocumentAnswer {
  /** The body; `undefined`: the current copy is still valid (304). */
  readonly text: string | undefined
  readonly etag: string | undefined
  readonly freshSeconds: number
}

/** `application/json`, or a type with the suffix `+json` (CIMD draft §4: `application/…+json`). */
function isJson(contentType: string | null): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(contentType?.trim() ?? '')
}

/** Entity tags are sent in a request header later, so only well-formed, short ones are kept (RFC 9110 §8.8.3). */
function entityTag(headers: Headers): string | undefined {
  const etag = headers.get('etag')
  return etag !== null && /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/.test(etag) ? etag : undefined
}

/** Rejects with UntrustedFetchError for every response except 200 with JSON of allowed size, and 304 for an entity tag. */
export async function getJsonDocument(
  fetchUntrusted: (url: string, init: RequestInit) => Promise<Response>,
  { url, etag, maxBytes, freshness, nowMs }: JsonDocumentRequest,
): Promise<JsonDocumentAnswer> {
  const headers = { accept: 'application/json', ...(etag === undefined ? {} : { 'if-none-match': etag }) }
  const response = await fetchUntrusted(url, { headers })
  const common = { etag: entityTag(response.headers), freshSeconds: freshSeconds(response.headers, nowMs, freshness) }
  if (response.status === 304 && etag !== undefined) return { ...common, etag: common.etag ?? etag, text: undefined }
  if (response.status !== 200) throw new UntrustedFetchError(`the answer has status ${response.status}`)
  if (!isJson(response.headers.get('content-type'))) throw new UntrustedFetchError('the answer is not JSON by its type')
  const body = await response.arrayBuffer()
  if (body.byteLength > maxBytes) throw new UntrustedFetchError('the answer is too large')
  try {
    return { ...common, text: new TextDecoder('utf-8', { fatal: true }).decode(body) }
  } catch (cause) {
    throw new UntrustedFetchError('the answer is not UTF-8', { cause })
  }
}
