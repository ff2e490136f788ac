/** The generated tables of the manual are what the code, the tests and the saved runs say. `npm run docs` writes them. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { limitsTable } from '../../src/authorization-server/limits/limits-table.js'
import { commandReference } from '../../src/cli/cli.js'
import { errorSections } from '../../src/cli/errors-manual.js'
import { explainedEntries } from '../../src/cli/explained.js'
import { settingsTable } from '../../src/config/config.js'
import { fileReference } from '../../src/declarations/file-reference.js'
import { errorCodes } from '../../src/problems/error-codes.js'
import { metricsTable } from '../../src/telemetry/metric-definitions.js'
import { benchChart } from '../bench/chart.js'
import { benchResult } from '../bench/result.js'
import { renderReadmeTable } from '../bench/table.js'
import { savedFaultsTable } from '../faults/result.js'
import { foreignTable } from '../foreign/libraries.js'
import { threatTable } from '../security/threat-table.js'
import { pageAt, sectionText } from './pages.js'

describe('The manual', () => {
  it('shows the settings as the code has them (npm run docs)', () => {
    expect(sectionText('settings')).toBe(`${settingsTable()}\n`)
  })

  it('shows the commands as the code has them (npm run docs)', () => {
    expect(sectionText('commands')).toBe(`${commandReference()}\n`)
  })

  it('has every member of the declaration file, from its schema', () => {
    expect(sectionText('file')).toBe(`${fileReference()}\n`)
  })

  it('shows the metrics as the code has them (npm run docs)', () => {
    expect(sectionText('metrics')).toBe(`${metricsTable()}\n`)
  })

  it('shows the limits as the code has them (npm run docs)', () => {
    expect(sectionText('limits')).toBe(`${limitsTable()}\n`)
  })

  it('explains the errors as the code has them (npm run docs)', () => {
    const sections = Object.entries(errorSections())
    expect(sections.length).toBeGreaterThan(20)
    for (const [name, content] of sections) expect(sectionText(name)).toBe(`${content}\n`)
  })

  it('has an anchor for every error code, entry and reason, under its name', () => {
    const { anchors } = pageAt('docs/reference/errors.md')
    const codes = [...explainedEntries.map(({ code }) => code), ...Object.keys(errorCodes)]
    expect(codes.filter((code) => !anchors.has(code))).toEqual([])
    const pages = explainedEntries.map(({ code, file }) => ({ code, page: pageAt(`docs/reference/errors/${file}.md`) }))
    expect(pages.filter(({ code, page }) => !page.anchors.has(code)).map(({ code }) => code)).toEqual([])
  })

  it('counts the attacks of the threat table (npm run docs)', async () => {
    expect(sectionText('threats')).toBe(`${await threatTable()}\n`)
  })

  it('names the foreign libraries with the versions that are tested (npm run docs)', () => {
    expect(sectionText('foreign')).toBe(`${foreignTable()}\n`)
  })

  it('shows the faults of the run that was saved last, and that all held (npm run docs)', () => {
    expect(sectionText('faults')).toBe(`${savedFaultsTable()}\n`)
    expect(savedFaultsTable()).toContain('| F1 |')
    expect(savedFaultsTable()).not.toContain('BROKEN')
  })

  it('shows the measurements that were saved last (npm run docs)', () => {
    const saved = JSON.parse(readFileSync(new URL('../../docs/bench.json', import.meta.url), 'utf8'))
    expect(sectionText('bench')).toBe(`${renderReadmeTable(benchResult.parse(saved)).trim()}\n`)
  })
  it('draws the chart of the measurements that were saved last (npm run docs)', () => {
    const saved = JSON.parse(readFileSync(new URL('../../docs/bench.json', import.meta.url), 'utf8'))
    const drawn = readFileSync(new URL('../../docs/pictures/bench.svg', import.meta.url), 'utf8')
    expect(drawn).toBe(benchChart(benchResult.parse(saved)))
  })
})
