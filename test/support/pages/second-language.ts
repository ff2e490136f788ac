/** The words of the pages in a made-up Arabic: every sentence stands in brackets, so a test sees what does not come from the text file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { viewsFolder } from '../../../src/pages/pages.js'

type Words = { readonly [name: string]: string | Words }

export const opening = '⟦'
export const closing = '⟧'

function inBrackets(words: Words): Words {
  return Object.fromEntries(
    Object.entries(words).map(([name, value]) => [
      name,
      typeof value === 'string' ? `${opening}${value}${closing}` : inBrackets(value),
    ]),
  )
}

/** Arabic has more plural forms than English. */
function withPluralForms(words: Words): Words {
  const { one, other } = words
  if (typeof one === 'string' && typeof other === 'string')
    return { zero: other, one, two: other, few: other, many: other, other }
  return Object.fromEntries(
    Object.entries(words).map(([name, value]) => [name, typeof value === 'string' ? value : withPluralForms(value)]),
  )
}

export interface LanguageFolder {
  readonly folder: string
  remove(): void
}

/** A folder with one file, `text.ar.json`. `change`: of its words before they are written. */
export function secondLanguage(change: (words: Words) => Words = (words) => words): LanguageFolder {
  const english: Words = JSON.parse(readFileSync(join(viewsFolder, 'text.en.json'), 'utf8'))
  const arabic = change({ ...withPluralForms(inBrackets(english)), language: 'ar', direction: 'rtl' })
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-language-'))
  writeFileSync(join(folder, 'text.ar.json'), JSON.stringify(arabic))
  return { folder, remove: () => rmSync(folder, { recursive: true }) }
}
