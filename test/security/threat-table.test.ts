import { describe, expect, it } from '@jest/globals'
import { titlesOf } from '../support/test-titles.js'
import { attackIds, elsewhere, subjects } from './threat-table.js'

describe('The threat table', () => {
  it('has a row for each class of attack, or names the test that holds it', async () => {
    const held = new Set([...(await attackIds()), ...elsewhere.map(({ id }) => id)])
    const classes = Object.entries(subjects).flatMap(([group, subject]) =>
      subject.classes.map((number) => `${group}${number}`),
    )
    expect(classes.filter((id) => !held.has(id))).toEqual([])
  })

  it('names only tests that exist', () => {
    const missing = elsewhere.flatMap(({ tests }) => tests).filter(([file, title]) => !titlesOf(file).has(title))
    expect(missing).toEqual([])
    expect(titlesOf('storage/stores.test.ts').has('is not there')).toBe(false)
  })
})
