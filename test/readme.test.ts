import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { limitsTable } from '../src/authorization-server/limits/limits-table.js'
import { settingsTable } from '../src/config/config.js'
import { metricsTable } from '../src/telemetry/metric-definitions.js'
import { savedFaultsTable } from './faults/result.js'
import { foreignTable } from './foreign/libraries.js'
import { threatTable } from './security/threat-table.js'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

describe('README.md', () => {
  it('shows the settings as the code has them (npm run readme)', () => {
    expect(readme).toContain(settingsTable())
  })

  it('shows the metrics as the code has them (npm run readme)', () => {
    expect(readme).toContain(metricsTable())
  })

  it('shows the limits as the code has them (npm run readme)', () => {
    expect(readme).toContain(limitsTable())
  })

  it('counts the attacks of the threat table (npm run readme)', async () => {
    expect(readme).toContain(await threatTable())
  })

  it('names the foreign libraries with the versions that are tested (npm run readme)', () => {
    expect(readme).toContain(foreignTable())
  })

  it('leads to sections and files that are there', () => {
    const headings = [...readme.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading)
    const anchors = headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
    const links = [...readme.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
    const isThere = (link: string) =>
      link.startsWith('#') ? anchors.includes(link.slice(1)) : existsSync(new URL(`../${link}`, import.meta.url))
    const own = links.filter((link) => !/^\w+:/.test(link))
    expect(own.length).toBeGreaterThan(50)
    expect(own.filter((link) => !isThere(link))).toEqual([])
  })

  it('shows the faults of the run that was saved last, and that all held (npm run readme)', () => {
    expect(readme).toContain(savedFaultsTable())
    expect(savedFaultsTable()).toContain('| F1 |')
    expect(savedFaultsTable()).not.toContain('BROKEN')
  })

  it('gives a reason for every dependency', () => {
    const named = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(named.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })

  it('pins every dependency exactly', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})
