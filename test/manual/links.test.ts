/** Every link of the manual leads to a page, a heading or a file that is there. Links to other hosts are checked for their form only. */
import { existsSync } from 'node:fs'
import { posix } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type Page, pageAt, pages } from './pages.js'

/** Targets of Markdown links and images, and of the attributes that our HTML has. Code in backticks holds no link. */
function linksOf({ prose }: Page): string[] {
  const text = prose.replaceAll(/`[^`\n]*`/g, '')
  const markdown = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
  const attributes = [...text.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g)]
  return [...markdown, ...attributes].map(([, link = '']) => link)
}

function isThere(from: Page, link: string): boolean {
  const [path = '', anchor] = link.split('#')
  const target = path === '' ? from.path : posix.join(posix.dirname(from.path), path)
  if (target.startsWith('..') || !existsSync(new URL(`../../${target}`, import.meta.url))) return false
  return anchor === undefined || (pages.find((page) => page.path === target)?.anchors.has(anchor) ?? false)
}

describe('Pages of the manual', () => {
  const lengthOf = ({ text }: Page) => text.split('\n').length

  it('are short enough to read: README.md is a landing page, and long subjects have several pages', () => {
    expect(lengthOf(pageAt('README.md'))).toBeLessThan(250)
    expect(pages.filter((page) => lengthOf(page) > 400).map(({ path }) => path)).toEqual([])
  })

  it('are in the index', () => {
    const index = pageAt('docs/README.md')
    const linked = linksOf(index).map((link) => posix.join('docs', link))
    const own = pages.map(({ path }) => path).filter((path) => /^docs\/(?!decisions\/\d)/.test(path))
    expect(own.filter((path) => path !== index.path && !linked.includes(path))).toEqual([])
    const records = linksOf(pageAt('docs/decisions/README.md')).map((link) => posix.join('docs/decisions', link))
    const all = pages.map(({ path }) => path).filter((path) => /^docs\/decisions\/\d/.test(path))
    expect(all.filter((path) => !records.includes(path))).toEqual([])
  })
})

describe('Links of the manual', () => {
  const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, link })))
  const external = links.filter(({ link }) => /^[a-z][a-z+.-]*:/.test(link))
  const own = links.filter((link) => !external.includes(link))

  it('lead to pages, headings and files that are there', () => {
    expect(own.length).toBeGreaterThan(50)
    const dead = own.filter(({ page, link }) => !isThere(page, link))
    expect(dead.map(({ page, link }) => `${page.path}: ${link}`)).toEqual([])
  })

  it('that leave the repository are https', () => {
    const others = external.filter(({ link }) => !/^https:\/\/[a-z\d.-]+\.[a-z]+(?:\/[^\s"]*)?$/.test(link))
    expect(others.map(({ page, link }) => `${page.path}: ${link}`)).toEqual([])
  })
})
