import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { unitTests } from '../support/unit-tests.mjs'
import { faults } from './faults.js'

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url))
const tier = new Set(unitTests([]))

describe('The faults that are planted', () => {
  it('are fifty at least, none of them twice', () => {
    expect(faults.length).toBeGreaterThanOrEqual(50)
    expect(new Set(faults.map(({ file, code, fault }) => `${file} ${code} ${fault}`)).size).toBe(faults.length)
  })

  it.each(faults.map((fault) => [fault.file, fault.code, fault] as const))(
    'have a place in %s: %j',
    (file, code, { fault, noticedBy }) => {
      const places = readFileSync(pathOf(`src/${file}`), 'utf8').split(code).length - 1
      expect([places, fault === code, tier.has(pathOf(`test/${noticedBy}.test.ts`))]).toEqual([1, false, true])
    },
  )
})
