/**
 * The languages of the pages, one `text.<language>.json` each, and the choice among them: first the client's `ui_locales` (OpenID Connect
 * Core §3.1.2.1), then the language that the person chose in their account, then the browser's `Accept-Language`, then English.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { HttpContext } from '../http/context.js'
import { missingText, type PageText, parsePageText } from './page-text.js'

const english = 'en'

const textFile = /^text\.([\w-]+)\.json$/

export interface PageLanguages {
  /** BCP 47, English first. */
  readonly names: readonly string[]
  textOf(language: string): PageText
  /** One of `names`. */
  chosenFor(ctx: HttpContext): string
}

/** A range and its prefixes: `de-CH-1996`, `de-CH`, `de` (lookup of RFC 4647 §3.4). */
function widened(range: string): string[] {
  const subtags = range.toLowerCase().split('-')
  return subtags.map((_, dropped) => subtags.slice(0, subtags.length - dropped).join('-'))
}

function asked(locales: unknown, names: readonly string[]): string | undefined {
  if (typeof locales !== 'string') return undefined
  const known = new Map(names.map((name) => [name.toLowerCase(), name]))
  for (const range of locales.split(' ', 10)) {
    const found = widened(range.slice(0, 35)).find((tag) => known.has(tag))
    if (found !== undefined) return known.get(found)
  }
  return undefined
}

function textsIn(folder: string): [string, PageText][] {
  return readdirSync(folder)
    .filter((file) => textFile.test(file))
    .map((file) => {
      const text = parsePageText(readFileSync(join(folder, file), 'utf8'))
      const language = textFile.exec(file)?.[1] ?? ''
      if (text.language !== language) throw new Error(`${file} says that its language is ${text.language}`)
      return [language, text]
    })
}

/** Reads the text files of the folders. Throws if English is missing, or if another language lacks texts that English has. */
export function readPageLanguages(folders: readonly string[]): PageLanguages {
  const texts = new Map(folders.flatMap(textsIn))
  const complete = texts.get(english)
  if (complete === undefined) throw new Error('the pages have no English text')
  for (const [language, text] of texts) {
    const [missing] = missingText(complete, text)
    if (missing !== undefined) throw new Error(`text.${language}.json has no text named ${missing}`)
  }
  const names = [english, ...[...texts.keys()].filter((name) => name !== english).sort()]
  return {
    names,
    textOf: (language) => texts.get(language) ?? complete,
    chosenFor(ctx) {
      if (names.length === 1) return english
      const { uiLocales, accountLanguage } = ctx.state
      const wanted = asked(uiLocales ?? ctx.query['ui_locales'], names) ?? asked(accountLanguage, names)
      return wanted ?? (ctx.acceptsLanguages(...names) || english)
    },
  }
}
