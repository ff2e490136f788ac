import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { limitsTable } from '../src/authorization-server/limits-table.js'
import { settingsTable } from '../src/config.js'
import { metricsTable } from '../src/platform/metric-definitions.js'
import { savedFaultsTable } from './faults/result.js'
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

  it('counts the attacks of the threat table (npm run readme), and links its threat model to files that are there', async () => {
    expect(readme).toContain(await threatTable())
    const model = readme.slice(readme.indexOf('## Threat model'), readme.indexOf('## Which clients get in'))
    const links = [...model.matchAll(/\]\(((?:test|src)\/[^)]*)\)/g)].map(([, path = '']) => path)
    expect(links.length).toBeGreaterThan(20)
    expect(links.filter((path) => !existsSync(new URL(`../${path}`, import.meta.url)))).toEqual([])
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
