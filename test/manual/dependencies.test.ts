import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { pageAt } from './pages.js'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}

describe('Dependencies', () => {
  it('have a reason in the manual, each', () => {
    const named = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
    const { text } = pageAt('docs/reference/dependencies.md')
    expect(named.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })

  it('are pinned exactly', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies })
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})
