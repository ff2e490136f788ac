/** An HTTP request in the library: values that every framework has. */
import type { IncomingMessage } from 'node:http'

/** A `Headers`, or the headers of a Node request. */
export type RequestHeaders =
  | { get(name: string): string | null }
  | Readonly<Record<string, string | readonly string[] | undefined>>

export interface RequestValues {
  readonly method: string
  /**
   * The original URL, before any router changed it: absolute, or path and query. Its host, or the Host header, only selects among the URLs
   * in the settings; X-Forwarded headers are ignored.
   */
  readonly url: string
  readonly headers: RequestHeaders
  /** A form body as sent, used only if `dangerouslyAcceptTokenInBody` is set. No adapter reads one. */
  readonly form?: string | undefined
}

function isGetter(headers: RequestHeaders): headers is { get(name: string): string | null } {
  return typeof headers['get'] === 'function'
}

/** A header by its name in lower case; several joined by commas, as Node and Headers do; '' if absent. */
export function headerOf({ headers }: Pick<RequestValues, 'headers'>, name: string): string {
  if (isGetter(headers)) return headers.get(name) ?? ''
  const value = headers[name]
  return typeof value === 'string' ? value : (value ?? []).join(', ')
}

const authorization = 'authorization'

/**
 * The headers of a Node request: Node keeps only the first Authorization header, here several are joined, as `Headers` do (RFC 9110 §5.3).
 */
export function nodeHeaders({
  headers,
  rawHeaders = [],
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): RequestHeaders {
  const sent: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index], rawHeaders[index + 1]]
    if (name.length === authorization.length && name.toLowerCase() === authorization) sent.push(value)
  }
  return sent.length > 1 ? { ...headers, authorization: sent.join(', ') } : headers
}

export interface RequestTarget {
  /** In lower case. */
  readonly host: string
  /** As sent: what a router does not normalise must not be normalised here either. */
  readonly path: string
  /** Without the question mark. */
  readonly query: string
}

/** The request target. An absolute URL replaces Host (RFC 9112 §3.2.2). */
export function targetOf(request: RequestValues): RequestTarget {
  const [, authority, path = '', query = ''] =
    /^(?:https?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?/i.exec(request.url) ?? []
  return { host: (authority ?? headerOf(request, 'host')).toLowerCase(), path: path === '' ? '/' : path, query }
}
