/**
 * Texts of the catalogue, in which `{}` is a placeholder. They are matched without regular expressions, because the input may be hostile.
 */

/** Longer texts repeat what a stranger sent; the distinguishing part comes first. */
const longestCompared = 2_000

/** True if `text` is `template` with any text in place of each `{}`. The time is linear in the length of both. */
export function fits(template: string, text: string): boolean {
  const [first = '', ...rest] = template.split('{}')
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || text.length < first.length + last.length || !text.endsWith(last)) return false
  const end = text.length - last.length
  let from = first.length
  for (const part of rest) {
    const found = text.indexOf(part, from)
    if (found === -1 || found + part.length > end) return false
    from = found + part.length
  }
  return true
}

export interface TemplateOf<Value> {
  readonly template: string
  readonly value: Value
}

/** Finds the values of the templates that match a text, the most specific template first. */
export type FindText<Value> = (text: string) => readonly Value[]

export function createTextIndex<Value>(texts: readonly TemplateOf<Value>[]): FindText<Value> {
  const exact = new Map<string, Value[]>()
  const patterns: (TemplateOf<Value> & { readonly exactness: number })[] = []
  for (const { template, value } of texts) {
    const exactness = template.replaceAll('{}', '').length
    if (exactness < template.length) patterns.push({ template, value, exactness })
    else exact.set(template, [...(exact.get(template) ?? []), value])
  }
  patterns.sort((left, right) => right.exactness - left.exactness)
  return (text) => {
    const compared = text.slice(0, longestCompared)
    const fitting = patterns.filter(({ template }) => fits(template, compared))
    return [...(exact.get(compared) ?? []), ...fitting.map(({ value }) => value)]
  }
}
