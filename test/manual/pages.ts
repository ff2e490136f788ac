/** The manual as the tests read it: its pages, their headings, links and code blocks, and the generated sections. */
import { readFileSync } from 'node:fs'
import { findSection, manualPages } from '../../docs/generated-sections.mjs'

export interface CodeBlock {
  readonly page: string
  /** The line of its first fence, from 1. */
  readonly line: number
  /** What follows the fence: `sh`, `ts`, `json`; empty for none. */
  readonly language: string
  /** Without fences and without the indentation of a list, each line ended by a line feed. */
  readonly text: string
}

export interface Page {
  /** Relative to the root of the repository. */
  readonly path: string
  readonly text: string
  /** The text without its code blocks, each of which is an empty line. */
  readonly prose: string
  readonly blocks: readonly CodeBlock[]
  /** As GitHub makes them of headings. */
  readonly anchors: ReadonlySet<string>
}

const fenced = /^( *)(`{3,})(\S*)[^\n`]*\n([\s\S]*?)^\1\2 *$/gm

function anchorsOf(prose: string): Set<string> {
  const found = new Map<string, number>()
  for (const [, heading = ''] of prose.matchAll(/^#{1,6} (.*)$/gm)) {
    const anchor = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-')
    found.set(anchor, (found.get(anchor) ?? 0) + 1)
  }
  // The second heading with one text gets `-1`, and so on.
  const repeated = [...found].flatMap(([anchor, count]) =>
    Array.from({ length: count - 1 }, (_, index) => `${anchor}-${index + 1}`),
  )
  const named = [...prose.matchAll(/<a id="([^"]+)">/g)].map(([, id = '']) => id)
  return new Set([...found.keys(), ...repeated, ...named])
}

function readPage(path: string): Page {
  const text = readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
  const blocks = [...text.matchAll(fenced)].map(({ index, 1: indent = '', 3: language = '', 4: content = '' }) => ({
    page: path,
    line: text.slice(0, index).split('\n').length,
    language,
    text: content.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
  const prose = text.replaceAll(fenced, '')
  return { path, text, prose, blocks, anchors: anchorsOf(prose) }
}

export const pages: readonly Page[] = manualPages().map(readPage)

/** Throws an Error if there is no such page. */
export function pageAt(path: string): Page {
  const page = pages.find((candidate) => candidate.path === path)
  if (page === undefined) throw new Error(`${path} is no page of the manual`)
  return page
}

/** What stands between the markers of a section, wherever it is; it ends with a line feed. Throws an Error if no page has it, or several do. */
export function sectionText(name: string): string {
  const { text, from, to } = findSection(name)
  return text.slice(from, to)
}
