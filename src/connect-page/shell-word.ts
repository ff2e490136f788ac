/** Quotes an argument of a command line that a person copies into their shell. */

/** Characters that are special in no shell. Brackets are not among them: zsh reads `http://[::1]/` as a file pattern. */
const plain = /^[A-Za-z0-9:/.@%_-]+$/

/** Characters that are special inside double quotes: in POSIX shells, their history expansion, PowerShell. */
const special = /["$`\\!]/

/**
 * The value quoted as one word for POSIX shells and PowerShell; if it is unquoted or in double quotes, for `cmd` too. A value with both a
 * single quote and a special character is correct in POSIX shells only. In every case the shell executes none of it, because special
 * characters are in single quotes.
 */
export function shellWord(value: string): string {
  if (plain.test(value)) return value
  if (!special.test(value)) return `"${value}"`
  return `'${value.replaceAll("'", `'"'"'`)}'`
}

/** JSON quoted as one word, as above. A single quote is written as a JSON escape, so no shell sees one. */
export function jsonWord(value: object): string {
  return `'${JSON.stringify(value).replaceAll("'", '\\u0027')}'`
}
