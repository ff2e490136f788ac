/** One argument of a command line that a person copies into a shell of their own. */

/** Characters that no shell gives a meaning. Brackets are not among them: zsh takes `http://[::1]/` for a file pattern. */
const plain = /^[A-Za-z0-9:/.@%_-]+$/

/** Characters with a meaning inside double quotes: POSIX shells, their history expansion, PowerShell. */
const special = /["$`\\!]/

/**
 * The value as one word that means itself in POSIX shells and in PowerShell; without quotes, or with double ones, in `cmd` too.
 * A value with both a single quote and one of the special characters means itself in POSIX shells alone. In every case the
 * shell runs nothing of it: a character with a meaning stands between single quotes.
 */
export function shellWord(value: string): string {
  if (plain.test(value)) return value
  if (!special.test(value)) return `"${value}"`
  return `'${value.replaceAll("'", `'"'"'`)}'`
}

/** A JSON text as one word, as above. JSON spells a single quote in another way, so no shell sees one. */
export function jsonWord(value: object): string {
  return `'${JSON.stringify(value).replaceAll("'", '\\u0027')}'`
}
