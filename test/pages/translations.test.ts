/** Every language says everything that English says, and says it in itself. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { connectLines } from '../../src/connect-page/connect-lines.js'
import { missingText, type PageText, parsePageText } from '../../src/pages/page-text.js'
import { viewsFolder } from '../../src/pages/pages.js'

function read(language: string): PageText {
  return parsePageText(readFileSync(join(viewsFolder, `text.${language}.json`), 'utf8'))
}

const english = read('en')
const languages = readdirSync(viewsFolder).flatMap((file) => /^text\.([\w-]+)\.json$/.exec(file)?.[1] ?? [])

/** The same in English and in the language, because it is the same word there. */
const same: Readonly<Record<string, readonly string[]>> = {
  de: ['direction', 'consent.website', 'device.code', 'passkey.name', 'secondFactor.code.label'],
  ar: [],
}

/** Names that are written in Latin letters in every script. */
const latin =
  /Claude Code|Claude|VS Code|Codex|Gemini CLI|goose|OAuth|MCP|SSH|https|mcp-remote|mcp\.json|ada@example\.com|«[A-Za-z][\w. ]*»/g

const plural = /\.(zero|one|two|few|many|other)$/

/** The name that English has for a text: English has two plural forms only. */
function inEnglish(name: string): string {
  return english.hasText(name) ? name : name.replace(plural, '.other')
}

function placeholders(text: string): string[] {
  return [...text.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name).sort()
}

/** "One day" and "two days" are words in some languages: the number may be missing there. */
function withoutCount(names: readonly string[]): string[] {
  return names.filter((name) => name !== 'count')
}

it('The languages are English, Arabic and German', () => {
  expect(languages.sort()).toEqual(['ar', 'de', 'en'])
})

describe.each(languages.filter((language) => language !== 'en'))('The words in %s', (language) => {
  const text = read(language)

  it('are all there, with every plural form, and no others', () => {
    expect(missingText(english, text)).toEqual([])
    expect(text.names.filter((name) => !english.hasText(inEnglish(name)))).toEqual([])
  })

  it('have the placeholders that English has', () => {
    const names = text.names.filter((name) => !plural.test(name) || /\.(?:many|other)$/.test(name))
    for (const name of names)
      expect([name, placeholders(text.text(name))]).toEqual([name, placeholders(english.text(inEnglish(name)))])
    for (const name of text.names.filter((each) => plural.test(each))) {
      const inBoth = [text.text(name), english.text(inEnglish(name))].map((each) => withoutCount(placeholders(each)))
      expect([name, inBoth[0]]).toEqual([name, inBoth[1]])
    }
  })

  it('are translated', () => {
    const untranslated = english.names.filter((name) => text.hasText(name) && text.text(name) === english.text(name))
    expect(untranslated).toEqual(same[language])
    for (const name of text.names) {
      expect([name, text.text(name)]).not.toEqual([
        name,
        expect.stringMatching(/\b(?:the|and|you|your|with|this|is|not|sign in)\b/i),
      ])
    }
  })

  it('are written in the script of the language', () => {
    if (text.direction === 'ltr') return
    for (const name of text.names.filter((each) => !['language', 'direction'].includes(each))) {
      const own = text
        .text(name)
        .replace(/\{\w+\}/g, '')
        .replace(latin, '')
      expect([name, own]).toEqual([name, expect.not.stringMatching(/\p{Script=Latin}/u)])
    }
  })
})

it('The connect page has a sentence for each client, and names it as the terminal does', () => {
  for (const { id, client, hintValues } of connectLines({ name: 'Notes', resource: 'http://localhost:4000/mcp' })) {
    for (const language of languages) expect(read(language).sentence(`connect.hints.${id}`, hintValues)).not.toEqual([])
    if (english.hasText(`connect.names.${id}`)) expect(english.text(`connect.names.${id}`)).toBe(client)
  }
})
