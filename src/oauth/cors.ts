/** Request headers that pages may send across origins (Fetch standard, "CORS-preflight fetch"). */

/** RFC 9110 §5.6.2; an asterisk alone would be a wildcard. */
const token = /^(?!\*$)[!#$%&'*+.^_`|~\w-]{1,100}$/
/** More than any page sends. The limit exists because the header reflects a stranger's text. */
const mostHeaders = 60

/**
 * `Access-Control-Allow-Headers`: the usual ones, and all others that the page requests. Tracing libraries add headers (`traceparent`,
 * `baggage`, `sentry-trace`), and a header that no server reads is harmless. Never the headers by which parts of this program authenticate
 * to each other. `requested`: Access-Control-Request-Headers.
 */
export function allowedRequestHeaders(usual: readonly string[], requested: string): string {
  const known = new Set(usual.map((name) => name.toLowerCase()))
  const others = requested
    .slice(0, 8_192)
    .split(',')
    .map((name) => name.trim())
    .filter((name) => token.test(name) && !known.has(name.toLowerCase()) && !/^x-gatehouse-/i.test(name))
  return [...usual, ...new Set(others.slice(0, mostHeaders))].join(', ')
}
