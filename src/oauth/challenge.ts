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

/** Sticky, so that parsing stops at the first mismatch: a hostile header costs time linear in its length. */
const pair = /[\s,]*([!#$%&'*+\-.^_`|~\w]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/y
const schemeName = /(?:^\s*|\s*,[\s,]*)([!#$%&'*+\-.^_`|~\w]+)(?=[\s,]|$)/y

/**
 * Parses the challenges of a header, up to the first malformed one. Parameter names are lower-cased; unknown ones are kept. A name without
 * a value after a comma starts the next challenge (RFC 9110 §11.6.1).
 */
export function parseChallenges(header: string): readonly Challenge[] {
  const challenges: Challenge[] = []
  const [nextScheme, nextPair] = [new RegExp(schemeName), new RegExp(pair)]
  for (let start = nextScheme.exec(header); start !== null; start = nextScheme.exec(header)) {
    const parameters: Record<string, string> = {}
    let end = nextScheme.lastIndex
    nextPair.lastIndex = end
    for (let found = nextPair.exec(header); found !== null; found = nextPair.exec(header)) {
      const [, name = '', quoted, token] = found
      parameters[name.toLowerCase()] = quoted?.replace(/\\(.)/g, '$1') ?? token ?? ''
      end = nextPair.lastIndex
    }
    challenges.push({ scheme: start[1] ?? '', parameters })
    nextScheme.lastIndex = end
  }
  return challenges
}

/** The first challenge of a header, or `undefined`. */
export function parseChallenge(header: string): Challenge | undefined {
  return parseChallenges(header)[0]
}
