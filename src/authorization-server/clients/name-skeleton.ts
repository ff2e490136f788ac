/**
 * Spellings that a person cannot tell apart, or reads as one word, folded into one: the skeleton of Unicode Technical Standard #39 §4
 * (package `unhomoglyph`, the table confusables.txt), made coarser. Only for comparing names with those that are protected: a skeleton
 * is never shown, and two names with one skeleton need not be the same.
 */
import leven from 'leven'
import unhomoglyph from 'unhomoglyph'
import { BoundedMap } from '../../base/bounded-map.js'
import { fancyReadings, turnedReadings } from './fancy-alphabets.js'

/**
 * What the Unicode table leaves apart because a careful reader can tell it: letters with strokes and hooks, small capitals, Cyrillic,
 * Greek and Armenian letters and Canadian syllabics of the same build, digits and signs in place of letters. `i` and `l` are one, as are `I`, `1` and `|`.
 */
const lookAlikes: Readonly<Record<string, string>> = {
  a: '4@αɑᴀδʌᗩᗋ',
  b: '68ʙвβɓ',
  c: 'сᴄϲƈ¢ᑕᙅ',
  d: 'ԁᴅđɖ𝼥ᗫᕲ',
  e: '3εеᴇє€ᗴᕮᘿᙓᗱ',
  f: 'ꜰƒ',
  g: '9ɡɢցɠᘜ',
  h: 'һʜհнħᖺ',
  j: 'јᴊϳ',
  k: 'кκᴋƙᖽ',
  l: '1!i|/\\丨ıɩɪιіӏʟłɨǀ£ᓰᓲ',
  m: 'мμᴍᘻᙢ',
  n: 'ɴոηᘉ',
  o: '0оοᴏօσøᗝᓈ',
  p: 'рρᴘƿᕵ',
  q: 'ԛզᑫᕴ',
  r: 'ʀг',
  s: '5$ѕꜱƽᔕ',
  t: '7+тτᴛŧᖶ',
  u: 'υᴜսʉʋ',
  v: 'ѵνᴠ',
  w: 'ԝѡᴡωᙡᘺ',
  x: 'хχ×',
  y: 'уʏɣү¥ᖻ',
  z: '2ᴢζƶᘔᙆ',
}

const plainLetters: ReadonlyMap<string, string> = new Map(
  Object.entries(lookAlikes).flatMap(([plain, letters]) => Array.from(letters, (letter) => [letter, plain] as const)),
)

/** Letters in white on black, and regional indicators, for which Unicode defines no decomposition: first code point of each A to Z. */
const enclosedAlphabets = [0x1f150, 0x1f170, 0x1f1e6]

function withoutEnclosures(text: string): string {
  return text.replace(/[\u{1f150}-\u{1f169}\u{1f170}-\u{1f189}\u{1f1e6}-\u{1f1ff}]/gu, (letter) => {
    const code = letter.codePointAt(0) ?? 0
    const first = enclosedAlphabets.findLast((start) => code >= start) ?? code
    return String.fromCharCode(0x61 + code - first)
  })
}

function fold(text: string): string {
  // Before and after the compatibility decomposition: it turns some look-alikes into letters that look like nothing Latin.
  const skeleton = unhomoglyph(unhomoglyph(withoutEnclosures(text).normalize('NFD')).normalize('NFKD'))
  return skeleton
    .normalize('NFD')
    .toLowerCase()
    .replace(/./gu, (letter) => plainLetters.get(letter) ?? letter)
    .replace(/[^a-z]/g, '')
    .replaceAll('rn', 'm')
    .replaceAll('vv', 'w')
    .replaceAll('cl', 'd')
}

/** Every page that names a client compares one name with hundreds of protected words: both are folded once. 2 MB at most. */
const folded = new BoundedMap<readonly string[]>(1_000)
/** In UTF-16 code units. A shown name of 80 letters, each of which may be several. */
const longestKept = 400

/** Stand for letters within a word, and for nothing at its edge: "S!ack", "Slack!". */
const signs = '!¡|/\\\\+$@£¥€¢×ǀ丨ı'
const digits = '0-9'
const wordsWithSigns = new RegExp(`[\\p{L}\\p{M}\\p{N}${signs}]+`, 'gu')
const sign = new RegExp(`[${signs}]`, 'u')
const signOrDigit = new RegExp(`[${signs}${digits}]`, 'u')

/** Without signs at the edges of words. */
function withoutSigns(name: string, edges: 'before' | 'after' | 'both', dropped = sign): string {
  return name.replace(wordsWithSigns, (word) => {
    let start = 0
    let end = word.length
    while (edges !== 'before' && end > start && dropped.test(word.charAt(end - 1))) end -= 1
    while (edges !== 'after' && start < end && dropped.test(word.charAt(start))) start += 1
    return word.slice(start, end)
  })
}

function readingsOf(name: string): readonly string[] {
  return [
    name,
    name.toLowerCase(),
    withoutSigns(name, 'after'),
    withoutSigns(name, 'before'),
    withoutSigns(name, 'both'),
    withoutSigns(name, 'both', signOrDigit),
    ...fancyReadings(name),
    ...turnedReadings(name),
  ]
}

/**
 * The skeletons of a name: as it is spelled, in lower case, in which some letters resemble others, without signs at the edges of its words,
 * and with the letters of fancy alphabets as Latin ones. Latin letters only, none of them empty. Linear in the name's length; cut what a
 * stranger wrote first.
 */
export function skeletonsOf(name: string): readonly string[] {
  const known = folded.get(name)
  if (known !== undefined) return known
  const skeletons = [...new Set([...new Set(readingsOf(name))].map(fold))].filter((skeleton) => skeleton !== '')
  if (name.length <= longestKept) folded.set(name, skeletons)
  return skeletons
}

const foldedWords = new BoundedMap<readonly string[]>(2_000)

/** The skeletons of a protected word, which is spelled as it is meant: its own signs are a part of it. */
export function skeletonsOfWord(word: string): readonly string[] {
  const known = foldedWords.get(word)
  if (known !== undefined) return known
  const skeletons = [...new Set([fold(word), fold(word.toLowerCase())])].filter((skeleton) => skeleton !== '')
  foldedWords.set(word, skeletons)
  return skeletons
}

/** True when one of a name's skeletons contains a spelling of `word`, whatever stood between the letters. */
export function resembles(skeletons: readonly string[], word: string): boolean {
  const wanted = skeletonsOfWord(word)
  return skeletons.some((skeleton) => wanted.some((part) => skeleton.includes(part)))
}

/** Words that add nothing to a name. */
const fillers =
  /\b(?:the|my|our|app|application|client|connector|server|service|team|mcp|inc|login|sign.?in|auth|oauth2?|authorization|sso|id|identity|accounts?|portal|desktop|web|mobile|cli|editor|official|v?\d+(?:\.\d+)*)\b/giu

function isOne(skeletons: readonly string[], wanted: readonly string[]): boolean {
  return skeletons.some((skeleton) => wanted.includes(skeleton))
}

/** The name without words that add nothing to it. */
export function withoutFillers(name: string): string {
  return name.replace(/[™℠©®]/gu, '').replace(fillers, '')
}

/** True when the whole name is a spelling of `plain`, apart from words that add nothing: for names that are plain words. */
export function isNamed(name: string, plain: string): boolean {
  const wanted = skeletonsOfWord(plain)
  return isOne(skeletonsOf(name), wanted) || isOne(skeletonsOf(withoutFillers(name)), wanted)
}

/** True when a word of the name is a spelling of `word`, which may be short. */
export function hasWord(name: string, word: string): boolean {
  const wanted = skeletonsOfWord(word)
  const parts = [
    ...name.split(/[^\p{L}\p{M}\p{N}]+/u),
    ...(name.match(wordsWithSigns) ?? []),
    ...(name.match(/\S+/gu) ?? []),
  ]
  return [...new Set(parts)].some((part) => isOne(skeletonsOf(part), wanted))
}

/** Shorter words are one letter away from half of all words. */
const shortestMisspelt = 6

function swapsNeighbours(one: string, other: string): boolean {
  const first = [...one].findIndex((letter, place) => letter !== other[place])
  const swapped = `${one.slice(0, first)}${one[first + 1] ?? ''}${one[first] ?? ''}${one.slice(first + 2)}`
  return first !== -1 && swapped === other
}

const spelt = new BoundedMap<readonly string[]>(200)

/** The words of a name, which is compared with each protected word. */
function spellingsOf(name: string): readonly string[] {
  const known = spelt.get(name)
  if (known !== undefined) return known
  const spellings = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .split(/[^\p{L}\p{N}]+/u)
  if (name.length <= longestKept) spelt.set(name, spellings)
  return spellings
}

/**
 * True when a word of the name is `word`, in lower case, with one letter wrong, missing, added or swapped with its neighbour. Compares
 * letters as they are: of skeletons, which are shorter, too many honest words are one letter away.
 */
export function misspells(name: string, word: string): boolean {
  if (word.length < shortestMisspelt) return false
  const spellings = spellingsOf(name)
  return spellings.some(
    (spelling) =>
      Math.abs(spelling.length - word.length) <= 1 && (leven(spelling, word) <= 1 || swapsNeighbours(spelling, word)),
  )
}

/** Scripts whose letters pass for those of another, or are written in words of their own. */
const scripts: readonly RegExp[] = [
  'Latin',
  'Greek',
  'Cyrillic',
  'Armenian',
  'Georgian',
  'Cherokee',
  'Coptic',
  'Lisu',
  'Hebrew',
  'Arabic',
  'Devanagari',
  'Bengali',
  'Thai',
  'Ethiopic',
  'Canadian_Aboriginal',
  'Deseret',
  'Old_Italic',
  'Gothic',
  'Vai',
  'Warang_Citi',
  'Tifinagh',
  'Khmer',
  'Myanmar',
  'Runic',
  'Osage',
  'Nko',
].map((script) => new RegExp(`\\p{Script=${script}}`, 'u'))

/**
 * True when one word of the name has letters of several scripts (UTS #39 §5.1), which no language does. Latin beside Chinese, Japanese
 * or Korean letters is common and counts as one; so are words of different scripts in one name.
 */
export function mixesScripts(name: string): boolean {
  const words = name.normalize('NFC').split(/[^\p{L}\p{M}\p{N}]+/u)
  return words.some((word) => scripts.filter((script) => script.test(word)).length > 1)
}
