import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { titlesOf } from '../support/test-titles.js'
import { attackIds, elsewhere, subjects, threatTable } from './threat-table.js'

const root = new URL('../../', import.meta.url)
const readme = readFileSync(new URL('README.md', root), 'utf8')

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

  it('is counted in the README (npm run readme), whose threat model links only to files that are there', async () => {
    expect(readme).toContain(await threatTable())
    const model = readme.slice(readme.indexOf('## Threat model'), readme.indexOf('## Which clients get in'))
    const links = [...model.matchAll(/\]\(((?:test|src)\/[^)]*)\)/g)].map(([, path = '']) => path)
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter((path) => !existsSync(new URL(path, root)))).toEqual([])
  })
})
