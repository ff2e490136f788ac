import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { sectionText } from '../manual/pages.js'
import { titlesOf } from '../support/test-titles.js'
import { expectedFailures } from './official/expected-failures.js'
import { scenarios } from './official/scenarios.js'
import type { Proof, Requirement } from './requirements/requirement.js'
import { areas, foundingSystems, foundingSystemsTable, requirementsTable } from './requirements.js'

const requirements = [...areas, ...foundingSystems].flatMap((area) => area.requirements)
const suiteFile = 'conformance/official/mcp-server.test.ts'

function isScenario(name: string): boolean {
  return scenarios['2026-07-28'].includes(name) && !(name in (expectedFailures['2026-07-28'] ?? {}))
}

function proves([file, title]: Proof): boolean {
  return file === suiteFile ? isScenario(title) : titlesOf(file).has(title)
}

function proofsOf({ status }: Requirement): readonly Proof[] {
  return 'tests' in status ? status.tests : []
}

describe('The table of requirements', () => {
  it('names only tests that exist', () => {
    const missing = requirements.flatMap((requirement) =>
      proofsOf(requirement)
        .filter((proof) => !proves(proof))
        .map(([file, title]) => `${requirement.id}: ${file}: ${title}`),
    )
    expect(missing).toEqual([])
  })

  it('would notice a test or a scenario that is gone or expected to fail', () => {
    expect(proves(['no/such.test.ts', 'is there'])).toBe(false)
    expect(proves(['conformance/requirements.test.ts', 'is not there'])).toBe(false)
    expect(proves([suiteFile, 'no-such-scenario'])).toBe(false)
    expect(proves([suiteFile, 'tools-call-sampling'])).toBe(false)
  })

  it('has one row for each id, and a reason for each that has no test', () => {
    const ids = requirements.map(({ id }) => id)
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([])
    for (const { text, source, status } of requirements) {
      for (const words of [text, source, 'outOfScope' in status ? status.outOfScope : 'tested']) {
        expect(words.trim().length).toBeGreaterThan(3)
      }
    }
  })

  it('holds every entry of the checklists, and leaves no MUST without a test but where the feature is not there', () => {
    const entries = new Set(requirements.map(({ id }) => id.replace(/[a-z]$/, '')))
    const checklist = { A: 24, R: 16, T: 10, L: 5, X: 8, C: 9, S: 23, E: 15, O: 18, M: 15 }
    const wanted = Object.entries(checklist).flatMap(([area, last]) =>
      Array.from({ length: last }, (_, index) => `${area}${index + 1}`),
    )
    expect(wanted.filter((entry) => !entries.has(entry))).toEqual([])
    const untested = requirements.filter(({ level, status }) => level === 'MUST' && 'outOfScope' in status)
    expect(untested.map(({ id }) => id)).toEqual(['A24', 'R16b', 'T10b', 'X7'])
  })

  it('calls nothing missing that a dependency of ours is there for', () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const names = new Set(Object.keys(manifest.dependencies).map((name) => /^@?([^/]+)/.exec(name)?.[1] ?? name))
    expect(names).toContain('opentelemetry')
    const untrue = requirements.flatMap(({ id, text, status }) => {
      const said = 'outOfScope' in status ? `${text} ${status.outOfScope}`.toLowerCase().split(/[^a-z0-9-]+/) : []
      return said.filter((word) => names.has(word)).map((word) => `${id}: ${word}`)
    })
    expect(untrue).toEqual([])
  })

  it('is counted in the manual, and the founding systems are listed there by name (npm run docs)', () => {
    expect(sectionText('requirements')).toBe(`${requirementsTable()}\n`)
    expect(sectionText('founding-systems')).toBe(`${foundingSystemsTable()}\n`)
  })
})
