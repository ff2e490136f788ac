/** What was found out about real clients, and that each finding still has its test. */
import { describe, expect, it } from '@jest/globals'
import { titlesIn, titlesOf } from '../support/test-titles.js'
import { clientShapes } from './client-shapes.js'
import { findings, type Proof } from './findings.js'

const clients: ReadonlySet<string> = new Set(clientShapes.map(({ name }) => name))

function exists({ file, title, client }: Proof): boolean {
  return titlesOf(file).has(title) && (client === undefined || clients.has(client))
}

describe('Findings about real clients', () => {
  it.each(findings.map((finding) => [finding.id, finding] as const))('%s has its tests', (_id, { proofs }) => {
    expect(proofs.filter((proof) => !exists(proof))).toEqual([])
  })

  it('are each there once, none left out', () => {
    const ids = findings.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const [kind, count] of [
      ['consequence', 3],
      ['interop', 14],
      ['executed', 7],
    ] as const) {
      expect(ids.filter((id) => id.startsWith(`${kind} `))).toHaveLength(count)
    }
  })

  it('notice a test that is gone, skipped or merely mentioned', () => {
    const source =
      "it('is there', f)\nit.each(rows)(\n  'is %s', f)\nit.skip('is skipped', f)\nconst other = 'is mentioned'"
    expect([...titlesIn(source)]).toEqual(['is there', 'is %s'])
    expect(exists({ file: 'no/such.test.ts', title: 'is there' })).toBe(false)
    expect(exists({ file: 'clients/compatibility.test.ts', title: '%s: %s', client: 'Nobody' })).toBe(false)
  })
})
