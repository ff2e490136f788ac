/**
 * Letters that are written in place of Latin ones: with strokes, hooks and tails, which Unicode does not decompose, and the alphabets that
 * generators of fancy text make of signs and of letters of other scripts. Only for comparing names with protected ones (name-skeleton.ts).
 */

/** Latin letters in lower case whose name in Unicode is `LATIN … LETTER X WITH …`, by X. Those that Unicode decomposes are not here. */
const strokes: Readonly<Record<string, string>> = {
  a: 'ᶏⱥ',
  b: 'ƀƃɓᵬᶀꞗ',
  c: 'ƈȼɕꞓꞔ',
  d: 'đƌȡɖɗᵭᶁᶑꟈ',
  e: 'ɇɛʚᶒᶓⱸꬴ',
  f: 'ƒᵮᶂꞙ',
  g: 'ǥɠᶃꞡ',
  h: 'ħɦⱨꞕ',
  i: 'ıɨᶖ',
  j: 'ȷɉɟʄʝ',
  k: 'ƙᶄⱪꝁꝃꝅꞣ',
  l: 'łƚȴɫɬɭᶅⱡꝉꞎꬷꬸꬹ',
  m: 'ɱᵯᶆꬺ',
  n: 'ƞȵɲɳᵰᶇꞑꞥꬻ',
  o: 'øǿɔᶗⱺꝋꝍꬿ',
  p: 'ƥᵱᵽᶈꝑꝓꝕ',
  q: 'ɋʠꝗꝙ',
  r: 'ɍɼɽɾᵲᵳᶉꞧꭉ',
  s: 'ȿʂᵴᶊẜẝꞩꟊ',
  t: 'ŧƫƭȶʈᵵⱦ',
  u: 'ᶙꞹꭎꭒ',
  v: 'ʋᶌⱱⱴꝟ',
  w: 'ⱳ',
  x: 'ᶍꭖꭗꭘꭙ',
  y: 'ƴɏỿꭚ',
  z: 'ƶȥɀʐʑᵶᶎⱬ',
}

/** A to Z each. */
const alphabets = [
  'ȺɃȻĐɆFǤĦƗɈꝀŁMNØⱣꝖɌSŦɄVWXɎƵ',
  '₳฿₵ĐɆ₣₲ⱧłJ₭Ⱡ₥₦Ø₱QⱤ₴₮ɄV₩ӾɎⱫ',
  'ąცƈɖɛʄɠɧıʝƙƖɱŋơ℘զཞʂɬųvῳҳყʑ',
  'åß¢ÐêƒghïjklmñöþqrštµvwxÿZ',
  'åß¢Ðê£ghïjklmñðþqrš†µvwx¥z',
  'ДБCDΞFGHIJҜLMИФPǪЯSΓЦVЩЖУZ',
  'ΛBᄃDΣFGΉIJKᄂMПӨPQЯƧƬЦVЩXYZ',
  'AᙠƆᗡƎꟻᎮHIႱꓘ⅃MИOꟼỌЯƧTUVWXYZ',
  'ค๒ƈɗﻉिﻭɦٱﻝᛕɭ๓กѻρ۹ɼรՇપ۷ฝซץչ',
  'คც८ძ૯Բ૭ҺɿʆқՆɱՈ૦ƿҩՐς੮υ౮ω૪עઽ',
  '卂乃匚ᗪ乇千Ꮆ卄丨ﾌҜㄥ爪几ㄖ卩Ɋ尺丂ㄒㄩᐯ山乂ㄚ乙',
  'ﾑ乃ᄃり乇ｷムんﾉﾌズﾚﾶ刀のｱゐ尺丂ｲひ√WﾒﾘZ',
  'ᏗᏰፈᎴᏋᎦᎶᏂᎥᏠᏦᏝᎷᏁᎧᎮᎤᏒᏕᏖᏬᏉᏇጀᎩፚ',
  'ꍏꌃꉓꀸꍟꎇꁅꃅꀤꀭꀘ꒒ꂵꈤꂦꉣꆰꋪꌗ꓄ꀎꃴꅏꊼꌩꁴ',
  'ꪖ᥇ᥴᦔꫀᠻᧁꫝ꠸꠹ᛕꪶꪑꪀꪮρ᭢᥅ᦓꪻꪊꪜ᭙᥊ꪗɀ',
] as const

/** Turned by half a circle, in place of A to Z. */
const turned = 'ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz'

const isPlain = (text: string) => /^[\0-\x7f]*$/.test(text)
const letterAt = (place: number) => String.fromCharCode(0x61 + place)

const ofStrokes = Object.entries(strokes).flatMap(([plain, letters]) =>
  [...letters].map((letter) => [letter, plain] as const),
)
const ofAlphabets = alphabets
  .flatMap((alphabet) => [...alphabet.toLowerCase()].map((letter, place) => [letter, letterAt(place)] as const))
  .filter(([letter]) => !isPlain(letter))

/** Some letters stand for another one in each alphabet: in the first of the two, the first meaning counts, in the other one the last. */
const fancyLetters: readonly ReadonlyMap<string, string>[] = [
  new Map([...ofStrokes, ...ofAlphabets].toReversed()),
  new Map([...ofStrokes, ...ofAlphabets]),
]

const turnedLetters = new Map([...turned].map((letter, place) => [letter, letterAt(place)] as const))

/** Some of the letters are signs or punctuation to Unicode. */
const words = /\S+/gu

/**
 * The name in lower case with the words in Latin letters that are written in such letters alone. A word with any other letter is one of its
 * own language, and stays as it is.
 */
export function fancyReadings(name: string): readonly string[] {
  const lower = name.normalize('NFC').toLowerCase()
  if (isPlain(lower)) return []
  return fancyLetters.map((plainOf) =>
    lower.replace(words, (word) => {
      const letters = [...word].map((letter) => plainOf.get(letter) ?? letter)
      return letters.every((letter) => isPlain(letter) || /\p{M}/u.test(letter)) ? letters.join('') : word
    }),
  )
}

/** The readings of a name with letters that stand on their heads: from the left, and as if the page was turned. */
export function turnedReadings(name: string): readonly string[] {
  const lower = name.toLowerCase()
  if (![...lower].some((letter) => !isPlain(letter) && turnedLetters.has(letter))) return []
  const letters = [...lower].map((letter) => turnedLetters.get(letter) ?? letter)
  return [letters.join(''), letters.toReversed().join('')]
}
