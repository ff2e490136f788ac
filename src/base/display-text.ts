/** Text from strangers, made fit to be shown: nothing invisible, nothing that turns the reading order, nothing endless. */
import { canParseUrl } from '../oauth/url.js'

const blanks = /[\s\p{Cc}\u115f\u1160\u2028\u2029\u2800\u3164\uffa0]+/gu

/**
 * Bidirectional controls, zero-width and other format characters, tags, private use, halves of surrogate pairs, and code points without a
 * character yet that are drawn as nothing. Variation selectors choose a form of the letter or emoji before them.
 */
const invisible = /(?!\u200c|\u200d|\p{Variation_Selector})[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Cs}\p{Co}]/gu

/** Joiners have a job in emoji and in Arabic or Indic letters; elsewhere they only make equal-looking names unequal. */
const idleJoiners =
  /(?<![\p{Extended_Pictographic}\p{Emoji_Modifier}\p{L}\p{M}])[\u200c\u200d]+|(?<=[\p{scx=Latin}\p{scx=Cyrillic}\p{scx=Greek}])[\u200c\u200d]+/gu

/** More marks on one letter than any language needs run over the lines around them. */
const stackedMarks = /(\p{M}{4})\p{M}+/gu

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/**
 * The value as one line of at most `max` characters as a person counts them, cut with an ellipsis. Strips control and bidi
 * control characters and collapses blanks. Does not escape markup and does not judge look-alike letters. Never use it to cut a
 * host: what is cut off its end is what says who owns it.
 */
export function displayText(value: string, max: number): string {
  const cleaned = value
    .slice(0, max * 32)
    .normalize('NFC')
    .replace(blanks, ' ')
    .replace(invisible, '')
    .replace(idleJoiners, '')
    // A mark composes with its letter once nothing stands between them.
    .normalize('NFC')
    .replace(stackedMarks, '$1')
    .replace(/ +/g, ' ')
    .trim()
  if (cleaned.length <= max && value.length <= max * 32) return cleaned
  const segments = [...graphemes.segment(cleaned)]
  if (segments.length <= max) return cleaned
  return `${segments
    .slice(0, max - 1)
    .map(({ segment }) => segment)
    .join('')
    .trimEnd()}…`
}

/** The link's address and host when it is an absolute https URL without user information, else undefined. */
export function displayLink(value: string | undefined): { readonly href: string; readonly host: string } | undefined {
  if (value === undefined || !canParseUrl(value)) return undefined
  const { protocol, username, password, href, host } = new URL(value)
  return protocol === 'https:' && username === '' && password === '' ? { href, host } : undefined
}
