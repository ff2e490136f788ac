/** The texts of the pages, in one file per language. */

/** A sentence split at its placeholders: fixed text, and values that may come from strangers. */
export type SentencePart = { readonly words: string } | { readonly value: string }

export interface PageText {
  /** Dotted names of all texts. */
  readonly names: readonly string[]
  readonly language: string
  readonly direction: 'ltr' | 'rtl'
  /** The text with a dotted name; throws if there is none, so that a test finds a missing one. */
  text(name: string): string
  /** True if there is a text with this dotted name. */
  hasText(name: string): boolean
  /** The text with a dotted name, with `{placeholders}` filled. */
  sentence(name: string, values: Readonly<Record<string, string | number>>): readonly SentencePart[]
  /** Like `sentence`, choosing among `name.one`, `name.other` … by the language's plural rules; fills `{count}`. */
  counted(name: string, count: number, values?: Readonly<Record<string, string | number>>): readonly SentencePart[]
  /** The items as values, with the separators of the language. */
  list(items: readonly string[]): readonly SentencePart[]
  /** What a language (BCP 47) is called in itself. */
  nameOf(language: string): string
  /** A day, such as "December 1, 2026". In UTC: the server does not know where the person is. */
  date(time: Date): string
  /** A date and time, in UTC and marked as such. */
  moment(time: Date): string
  /** A sentence as one line of text, for a title or a mail. Values are isolated if the language is written from right to left. */
  plain(parts: readonly SentencePart[]): string
}

const dayForm = { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' } as const
const timeForm = { hour: 'numeric', minute: '2-digit', timeZoneName: 'short' } as const

/** Plain text has no `<bdi>`, so these two characters isolate the value (UAX #9, FSI and PDI). */
function isolated(value: string): string {
  return `\u2068${value}\u2069`
}

function flatten(node: unknown, prefix: string, into: Map<string, string>): Map<string, string> {
  if (typeof node === 'string') into.set(prefix, node)
  else if (typeof node === 'object' && node !== null) {
    for (const [name, child] of Object.entries(node)) flatten(child, prefix === '' ? name : `${prefix}.${name}`, into)
  } else throw new Error(`the text file holds something other than text at ${prefix}`)
  return into
}

/** Reads a text file: nested objects of strings, with `language` (BCP 47) and `direction` at the top. */
export function parsePageText(json: string): PageText {
  const entries = flatten(JSON.parse(json), '', new Map())
  const text = (name: string): string => {
    const found = entries.get(name)
    if (found === undefined) throw new Error(`the pages have no text named ${name}`)
    return found
  }
  const language = text('language')
  const direction = text('direction') === 'rtl' ? 'rtl' : 'ltr'
  const plurals = new Intl.PluralRules(language)
  const days = new Intl.DateTimeFormat(language, dayForm)
  const moments = new Intl.DateTimeFormat(language, { ...dayForm, ...timeForm })
  const numbers = new Intl.NumberFormat(language)
  const lists = new Intl.ListFormat(language, { type: 'conjunction', style: 'narrow' })
  const sentence: PageText['sentence'] = (name, values) =>
    text(name)
      .split(/\{(\w+)\}/)
      .map((piece, index) => {
        if (index % 2 === 0) return { words: piece }
        const value = values[piece]
        if (value === undefined) throw new Error(`the text ${name} needs a value for ${piece}`)
        return { value: typeof value === 'number' ? numbers.format(value) : value }
      })
      .filter((part) => 'value' in part || part.words !== '')
  return {
    names: [...entries.keys()],
    language,
    direction,
    text,
    hasText: (name) => entries.has(name),
    sentence,
    counted: (name, count, values = {}) => sentence(`${name}.${plurals.select(count)}`, { ...values, count }),
    list: (items) =>
      lists.formatToParts(items).map(({ type, value }) => (type === 'element' ? { value } : { words: value })),
    nameOf: (name) => new Intl.DisplayNames([name], { type: 'language' }).of(name) ?? name,
    date: (time) => days.format(time),
    moment: (time) => moments.format(time),
    plain: (parts) =>
      parts
        .map((part) => ('words' in part ? part.words : direction === 'ltr' ? part.value : isolated(part.value)))
        .join(''),
  }
}

const pluralForm = /\.(?:zero|one|two|few|many|other)$/

/** Names in `complete` that `text` lacks. Counted texts need each plural form of the language of `text`. */
export function missingText(complete: PageText, text: PageText): string[] {
  const forms = new Intl.PluralRules(text.language).resolvedOptions().pluralCategories
  const needed = complete.names.flatMap((name) =>
    pluralForm.test(name) ? forms.map((form) => name.replace(pluralForm, `.${form}`)) : [name],
  )
  return [...new Set(needed)].filter((name) => !text.hasText(name))
}
