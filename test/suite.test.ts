/** Rules for the tests themselves, read from their text. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'

const folder = fileURLToPath(new URL('.', import.meta.url))

/** Without comments: a rule is about what a file does. */
const textOf = (file: string): string =>
  readFileSync(join(folder, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '')

const texts = new Map(
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|mjs)$/.test(file) && !file.includes('node_modules') && file !== 'suite.test.ts')
    .map((file) => [file, textOf(file)]),
)

/** Files whose text matches, other than those that may. */
function matching(pattern: RegExp, allowed: readonly string[] = []): string[] {
  return [...texts].filter(([file, text]) => pattern.test(text) && !allowed.includes(file)).map(([file]) => file)
}

describe('The test suite', () => {
  it('is read whole', () => {
    expect(texts.size).toBeGreaterThan(300)
  })

  it('skips tests in one place, by what the machine lacks', () => {
    const skipping =
      /\b(describe|it|test)(\.each\([^)]*\))?\.(skip|only|todo|failing)\b|\b(xit|xdescribe|xtest|fit|fdescribe)\(/
    expect(matching(skipping)).toEqual(['support/describe-with.ts'])
  })

  it('looks for programs in one place, so that what is hidden there is hidden from all tests', () => {
    // The fault plan runs apart from `npm test`; the unit for systemd names the place where operators have Node.
    const others = ['faults/clocks.ts', 'systemd-unit.test.ts']
    expect(
      matching(/['"`](\/usr|\/opt|\/bin|\/sbin)\/|\bwhich\(|command -v/, ['support/machine.mjs', ...others]),
    ).toEqual([])
  })
})
