/** What a fuzz target is, and what all of them share. */

/** One surface that a stranger's bytes reach before anything has vouched for them. */
export interface FuzzTarget {
  /** Also the name of its folder of seeds in `corpus/`. */
  readonly name: string
  /** What is judged, for the list that `npm run fuzz -- --list` prints. */
  readonly surface: string
  /** The server's own limit where it has one; inputs never get longer. */
  readonly maxBytes: number
  /** Words that mean something on this surface. */
  readonly dictionary: readonly string[]
  /** Throws, or rejects, if an invariant does not hold. The same input always has the same result. */
  readonly check: (input: Buffer) => void | Promise<void>
}

const longestValue = 500

/** An invariant that does not hold. */
export class BrokenInvariant extends Error {
  override readonly name = 'BrokenInvariant'
}

/** For the message; the input itself is in a file. */
function shortened(value: string): string {
  return value.length <= longestValue ? value : `${value.slice(0, longestValue)}… (${value.length} characters)`
}

/** Throws `BrokenInvariant` unless the condition holds. `seen`: the values that show it. */
export function insist(condition: boolean, invariant: string, ...seen: readonly unknown[]): asserts condition {
  if (condition) return
  const values = seen.map((value) => (value === undefined ? 'undefined' : JSON.stringify(value)))
  throw new BrokenInvariant([invariant, ...values.map(shortened)].join('\n    '))
}

/** JSON whose members are in the order of their names. */
function canonicalJson(value: unknown): string | undefined {
  const sorted = (_name: string, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([left], [right]) => (left < right ? -1 : 1)))
      : member
  return JSON.stringify(value, sorted)
}

/** Throws `BrokenInvariant` unless both have the same JSON, the order of members aside. */
export function insistEqual(left: unknown, right: unknown, invariant: string, ...seen: readonly unknown[]): void {
  insist(canonicalJson(left) === canonicalJson(right), invariant, left, right, ...seen)
}

/** The text of an input as a server reads it: UTF-8, where malformed bytes become U+FFFD. */
export function textOf(input: Buffer): string {
  return input.toString('utf8')
}

/** Text as Node hands over a header: one character for each byte, without the ones that no parser lets through (RFC 9110 §5.5). */
export function headerTextOf(input: Buffer): string {
  return input
    .toString('latin1')
    .replace(/[^\t\x20-\x7e\x80-\xff]/g, '')
    .trim()
}

/** Several values in one input: its lines. Missing ones are ''. */
export function linesOf(input: Buffer, count: number): readonly string[] {
  const lines = textOf(input).split('\n')
  return Array.from({ length: count }, (_, index) =>
    index === count - 1 ? lines.slice(index).join('\n') : (lines[index] ?? ''),
  )
}

/** The JSON value in a text; `undefined` if there is none. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What a synchronous reader answers; `undefined` if it refused with an error of one of the kinds that it may throw. */
export function answerOf<T>(read: () => T, ...refusals: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return read()
  } catch (error) {
    if (refusals.some((kind) => error instanceof kind)) return undefined
    throw error
  }
}
