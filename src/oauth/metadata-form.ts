/** Limits on the form of metadata from strangers: nesting, and text that cannot be stored. */

/** Recurses no deeper than `levels`, because nesting from a stranger could overflow the stack. */
export function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => nestsDeeperThan(levels - 1, member))
}

/** NUL and unpaired surrogates: PostgreSQL can store neither, and JSON can contain both as escapes. */
export function holdsUnstorable(value: unknown): boolean {
  return /\\u(?:0000|d[89a-f])/.test(JSON.stringify(value))
}

/** Whether text at any depth, names of members included, satisfies the predicate. Call only if the nesting is limited. */
export function someText(value: unknown, predicate: (text: string) => boolean): boolean {
  if (typeof value === 'string') return predicate(value)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, member]) => predicate(name) || someText(member, predicate))
}
