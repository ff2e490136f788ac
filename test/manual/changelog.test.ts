/** CHANGELOG.md is in the form of Keep a Changelog, so that people and the release find what they look for. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

const text = readFileSync(new URL('../../CHANGELOG.md', import.meta.url), 'utf8')

describe('CHANGELOG.md', () => {
  it('begins with what is not released, and names each release with its day', () => {
    const [first, ...releases] = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    expect(first).toBe('[Unreleased]')
    expect(releases.filter((heading) => !/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/.test(heading ?? ''))).toEqual([])
  })

  it('sorts entries by kind, in one order', () => {
    const kinds = ['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security']
    for (const release of text.split(/^## /m).slice(1)) {
      const found = [...release.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading)
      expect(found).toEqual(kinds.filter((kind) => found.includes(kind)))
    }
  })

  it('has nothing but entries below a kind', () => {
    const lines = text
      .split(/^### .*$/m)
      .slice(1)
      .join('')
      .split('\n')
    expect(lines.filter((line) => !/^(?:|- \S.*| {2}\S.*|#+ .*)$/.test(line))).toEqual([])
  })
})
