/** User codes as people type them (RFC 8628 §6.1): eight consonants, shown in two halves. */

/** Digits that resemble a consonant of the code. A code never holds a digit or a vowel. */
const lookAlikes: Readonly<Record<string, string>> = { '2': 'Z', '5': 'S', '6': 'G', '8': 'B' }

/** A pasted verification_uri_complete. */
const insideLink = /[?&]user_code=([^&#\s]+)/i

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/**
 * The code in what was typed: case, blanks, dashes, full-width letters and a whole pasted link do not matter. '' when there is no
 * letter in it. Does not check that such a code exists, or its length.
 */
export function parseUserCode(typed: string): string {
  const text = decoded(insideLink.exec(typed)?.[1] ?? typed)
    .normalize('NFKC')
    .toUpperCase()
  return text
    .replace(/[2568]/g, (digit) => lookAlikes[digit] ?? digit)
    .replace(/[^A-Z]/g, '')
    .slice(0, 64)
}

/** As it is shown: `BDWP-HQPK`. */
export function formatUserCode(code: string): string {
  return code.length === 8 ? `${code.slice(0, 4)}-${code.slice(4)}` : code
}
