/**
 * The words of a note around a match, in linear time for any text and query: PostgreSQL's `ts_headline` searches for covers of the whole
 * query, which takes minutes and gigabytes for a repeated phrase.
 */

/** `letters`: of each word, so that comparing a long word that almost matches everywhere is fast. */
const looked = { words: 4, letters: 16 } as const

/** In words of the text and in UTF-16 code units. */
const shown = { wordsBefore: 6, words: 30, unitsBefore: 200, units: 1_000 } as const

/** Folds case like PostgreSQL's lexemes, but keeps the number of code units, so that positions stay the same. */
function fold(text: string): string {
  return text.replaceAll('İ', 'i').toLowerCase().replaceAll('ς', 'σ')
}

/** The first position where a word begins with it, otherwise its first position within a word; -1 if it does not occur. */
function placeOf(folded: string, beginning: string): number {
  const first = folded.indexOf(beginning)
  for (let place = first; place >= 0; place = folded.indexOf(beginning, place + 1)) {
    if (place === 0 || !/[\p{L}\p{N}\p{M}]/u.test(folded.charAt(place - 1))) return place
  }
  return first
}

/** Removes unpaired surrogates at a cut. */
function wholeCharacters(text: string): string {
  return text.replace(/^[\udc00-\udfff]|[\ud800-\udbff]$/g, '')
}

/** About thirty words around the first of the words that occurs in the text, on one line; otherwise its first words. */
export function excerptOf(text: string, words: readonly string[]): string {
  const folded = fold(text)
  const places = words
    .slice(0, looked.words)
    .map((word) => placeOf(folded, wholeCharacters(fold(word).slice(0, looked.letters))))
    .filter((place) => place >= 0)
  const match = places.length === 0 ? 0 : Math.min(...places)
  const start = Math.max(0, match - shown.unitsBefore)
  const before = wholeCharacters(text.slice(start, match)).split(/\s+/)
  // The first word begins before the cut.
  const wholeBefore = start === 0 ? before : before.slice(1)
  const after = wholeCharacters(text.slice(match, match + shown.units)).split(/\s+/)
  const lead = wholeBefore.slice(-shown.wordsBefore - 1).join(' ')
  return `${lead}${after.slice(0, shown.words - shown.wordsBefore).join(' ')}`.trim()
}
