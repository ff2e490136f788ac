import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { settings } from '../src/config/settings.js'

/** What the composed stack decides itself, or has no use for: the image sets HOST, both servers have a database, no loopback clients. */
const decided = ['HOST', 'DATA_DIR', 'dangerouslyAllowLoopbackClientMetadata']

describe('docker-compose.yml', () => {
  const names = new Set(
    readFileSync('docker-compose.yml', 'utf8')
      .match(/^ +\w+(?=:)/gm)
      ?.map((name) => name.trim()),
  )

  it.each(Object.keys(settings).filter((name) => !decided.includes(name)))('passes %s on', (name) => {
    expect(names.has(name) || names.has(`${name}_FILE`)).toBe(true)
  })

  it('holds no value of a secret', () => {
    const secrets = Object.entries(settings).filter(([, { secret }]: [string, { secret?: boolean }]) => secret === true)
    expect(secrets.length).toBeGreaterThan(3)
    for (const [name] of secrets) {
      expect(readFileSync('docker-compose.yml', 'utf8')).not.toMatch(new RegExp(`^ +${name}: *\\S`, 'm'))
    }
  })
})
