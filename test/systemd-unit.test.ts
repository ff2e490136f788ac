import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { settings } from '../src/config/settings.js'
import { pageAt } from './manual/pages.js'

describe('docs/operations/gatehouse.service', () => {
  const unit = readFileSync('docs/operations/gatehouse.service', 'utf8')
  const { text: page } = pageAt('docs/operations/systemd.md')
  const valueFor = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? ''

  it('starts what the package has as its command', () => {
    const { name, bin } = JSON.parse(readFileSync('package.json', 'utf8'))
    expect(valueFor('ExecStart')).toBe(`/usr/bin/node /opt/gatehouse/node_modules/${name}/${bin.gatehouse} serve`)
    expect(page).toContain(`/opt/gatehouse/node_modules/${name}/${bin.gatehouse} doctor --local`)
    expect(page).toContain('npm install --omit=dev --prefix /opt/gatehouse ')
  })

  it('sets settings that there are, and lets the folder of data be written', () => {
    const set = new Map(
      valueFor('Environment')
        .split(' ')
        .map((pair) => pair.split('=') as [string, string]),
    )
    expect([...set.keys()].filter((name) => !Object.hasOwn(settings, name))).toEqual(['NODE_ENV'])
    expect(set.get('DATA_DIR')).toBe(`/var/lib/${valueFor('StateDirectory')}`)
    expect(page).toContain(valueFor('EnvironmentFile'))
  })

  it('waits for a stop as long as one may take', () => {
    const { parse } = settings.STOP_DELAY_SECONDS
    const longest = parse('60')
    expect(() => parse(String(longest + 1))).toThrow()
    expect(Number(valueFor('TimeoutStopSec'))).toBeGreaterThan(longest + 10)
  })
})
