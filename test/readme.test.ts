import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { limitsTable } from '../src/authorization-server/limits-table.js'
import { settingsTable } from '../src/config.js'
import { metricsTable } from '../src/platform/metric-definitions.js'

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

  it('gives a reason for every dependency', () => {
    const named = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(named.filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })

  it('pins every dependency exactly', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})
