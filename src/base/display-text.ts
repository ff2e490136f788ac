/** Makes text from strangers safe to display: without invisible characters, without changes of the reading order, and of limited length. */
import { canParseUrl } from '../oauth/url.js'

const blanks = /[\s\p{Cc}\u115f\u1160\u2028\u2029\u2800\u3164\uffa0]+/gu

/**
 * Bidirectional controls, zero-width and other format characters, tags, private use, halves of surrogate pairs, and unassigned code points
 * that render as nothing. Variation selectors choose a form of the letter or emoji before them.
 */
const invisible = /(?!\u200c|\u200d|\p{Variation_Selector})[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cs}\p{Co}]/gu

/** Joiners are needed in emoji and in Arabic or Indic letters. Elsewhere they only make names differ that look the same. */
const idleJoiners =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\p{L}\p{M}])[\u200c\u200d]+|(?<=[\p{scx=Latin}\p{scx=Cyrillic}\p{scx=Greek}])[\u200c\u200d]+/gu

/** More marks on one letter than any language needs would overlap the lines above and below. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu

/** Every character is one code point, and lines break between them. */
const plain = /^[\0-\u02ff]*$/

/**
 * A run of leading jamo, of Indic conjuncts, or of letters that join what stands before or after them is one grapheme cluster, however
 * long, and cannot be broken across lines. Syllables have up to five letters, emoji up to ten code points.
 */
const longest = { letters: 6, codePoints: 16 } as const
const unreadable = '\ufffd'

const letter = /\p{L}/gu

const lettersOf = (character: string) => character.match(letter)?.length ?? 0

function readable(character: string): string {
  const isEndless = [...character].length > longest.codePoints || lettersOf(character) > longest.letters
  return isEndless ? unreadable : character
}

/** Its width in characters: the letters of a conjunct may be drawn side by side. */
const widthOf = (character: string) => Math.max(1, lettersOf(character) / 2)

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

function cleaned(value: string): string {
  return (
    value
      .normalize('NFC')
      .replace(blanks, ' ')
      .replace(invisible, '')
      .replace(idleJoiners, '')
      // A mark composes with its letter once nothing is between them.
      .normalize('NFC')
      .replace(stackedMarks, '$1')
      .replace(/ +/g, ' ')
      .trim()
  )
}

/**
 * The value as one line of at most `max` characters as a person counts them, cut with an ellipsis. Strips control and bidi control
 * characters and collapses spaces. An overlong grapheme cluster becomes U+FFFD. It does not escape markup or check look-alike letters.
 * Never use it to shorten a host: the end of a host says who owns it.
 */
export function displayText(value: string, max: number): string {
  // Twice, because a removed mark may leave a joiner without function.
  const text = cleaned(cleaned(value.slice(0, max * 32)))
  if (plain.test(text) && text.length <= max && value.length <= max * 32) return text
  const characters = [...graphemes.segment(text)].map(({ segment }) => readable(segment))
  let width = 0
  const widths = characters.map((character) => {
    width += widthOf(character)
    return width
  })
  if (width <= max) return characters.join('')
  return `${characters
    .filter((_, place) => (widths[place] ?? max) <= max - 1)
    .join('')
    .trimEnd()}…`
}

/** Address and host of the link if it is an absolute https URL without user information, otherwise undefined. */
export function displayLink(value: string | undefined): { readonly href: string; readonly host: string } | undefined {
  if (value === undefined || !canParseUrl(value)) return undefined
  const { protocol, username, password, href, host } = new URL(value)
  return protocol === 'https:' && username === '' && password === '' ? { href, host } : undefined
}
