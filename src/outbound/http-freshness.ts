/** How long a response may be reused without revalidation (RFC 9111 §4.2), within given bounds. Pure. */

export interface FreshnessBounds {
  readonly minSeconds: number
  readonly maxSeconds: number
  /** Used if the response has no caching headers. */
  readonly defaultSeconds: number
}

/** The directives of Cache-Control by lower-case name; of duplicates the first counts. */
function cacheDirectives(headers: Headers): ReadonlyMap<string, string> {
  const directives = new Map<string, string>()
  for (const part of (headers.get('cache-control') ?? '').split(',')) {
    const [name = '', value = ''] = part.split('=', 2)
    const key = name.trim().toLowerCase()
    if (key !== '' && !directives.has(key)) directives.set(key, value.trim().replace(/^"(.*)"$/, '$1'))
  }
  return directives
}

/** Whole seconds; `undefined` for anything else, which counts as stale (RFC 9111 §4.2.1). */
function seconds(text: string | null | undefined): number | undefined {
  return typeof text === 'string' && /^\d{1,10}$/.test(text) ? Number(text) : undefined
}

function statedSeconds(headers: Headers, nowMs: number): number | undefined {
  const directives = cacheDirectives(headers)
  if (directives.has('no-store') || directives.has('no-cache')) return 0
  // One copy serves many clients, so directives for shared caches take precedence (RFC 9111 §5.2.2.10).
  for (const name of ['s-maxage', 'max-age']) {
    if (directives.has(name)) return seconds(directives.get(name)) ?? 0
  }
  const expires = headers.get('expires')
  if (expires === null) return undefined
  const date = Date.parse(headers.get('date') ?? '')
  const until = Date.parse(expires)
  return Number.isNaN(until) ? 0 : Math.floor((until - (Number.isNaN(date) ? nowMs : date)) / 1000)
}

/** Seconds for which the response is fresh from now on, within the bounds. */
export function freshSeconds(headers: Headers, nowMs: number, bounds: FreshnessBounds): number {
  const stated = statedSeconds(headers, nowMs)
  const left = stated === undefined ? bounds.defaultSeconds : stated - (seconds(headers.get('age')) ?? 0)
  return Math.max(bounds.minSeconds, Math.min(bounds.maxSeconds, left))
}
