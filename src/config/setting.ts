/** What a setting is made of. */

export interface Setting<T> {
  readonly default: T
  readonly doc: string
  /** Masked by `gatehouse config print`; may also come from a file named by NAME_FILE. */
  readonly secret?: boolean
  /** Returns the value, or throws an Error whose message completes "NAME …". */
  readonly parse: (text: string) => T
}

/** `doc` is one line for the manual's table: what the setting does, its unit, and what happens at its limit. */
export function setting<T>(
  defaultValue: T,
  doc: string,
  parse: (text: string) => T,
  options: { secret?: boolean } = {},
): Setting<T> {
  return { default: defaultValue, doc, parse, ...options }
}

/** For settings without a default. */
export const unset: string | undefined = undefined
