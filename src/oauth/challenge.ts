/** `WWW-Authenticate` challenges (RFC 9110 §11.6.1, RFC 6750 §3, RFC 9728 §5.1). */

export interface Challenge {
  readonly scheme: string
  readonly parameters: Readonly<Record<string, string | undefined>>
}

/** Keeps a value inside a quoted-string: control and non-ASCII characters become `?`, quotes and backslashes are escaped. */
function quote(value: string): string {
  const printable = value.replace(/[^\x20-\x7e]/g, '?')
  return `"${printable.replace(/["\\]/g, '\\$&')}"`
}

/** Writes a challenge; parameters that are `undefined` are left out. No value can break the header. */
export function formatChallenge({ scheme, parameters }: Challenge): string {
  const pairs = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quote(value)}`],
  )
  return pairs.length === 0 ? scheme : `${scheme} ${pairs.join(', ')}`
}

/** Sticky, and read on only while it matches: a hostile header costs time in proportion to its length. */
const pair = /[\s,]*([!#$%&'*+\-.^_`|~\w]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y

/** Reads the first challenge of a header, or `undefined`. Parameter names are lower-cased; unknown ones are kept. */
export function parseChallenge(header: string): Challenge | undefined {
  const match = /^\s*([!#$%&'*+\-.^_`|~\w]+)(?:\s+(.*))?$/s.exec(header)
  if (match?.[1] === undefined) return undefined
  const parameters: Record<string, string> = {}
  const rest = match[2] ?? ''
  const next = new RegExp(pair)
  for (let found = next.exec(rest); found !== null; found = next.exec(rest)) {
    const [, name = '', quoted, token] = found
    parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? token ?? ''
  }
  return { scheme: match[1], parameters }
}
