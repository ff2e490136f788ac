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

  it('skips tests by what the machine lacks only, in one place', () => {
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

  it('opens servers, databases and processes in the ways that close them, passed or failed (support/opened.ts)', () => {
    const ways = [
      /\.listen\(/,
      /import \{[^}]*\blisten\b[^}]*\} from '[^']*src\/platform\/http\.js'/,
      /import \{[^}]*\bopen(Server|Embedded)Database\b[^}]*\} from '[^']*src\/platform\/database\.js'/,
      /\bnew pg\.(Client|Pool)\(/,
      /\bcreateSystem\(/,
      /(?<!killAfterwards\(\s*)\bspawn\(/,
    ]
    // These have a Jest run of their own, or none.
    const apart = /^(bench|faults|fuzz|mutations|compose|foreign|browser|clients\/external|conformance\/official)\//
    // Fastify and Hono listen by themselves; frameworks.ts registers what they open. What is behind the ways: clusters and daemons end with the run (support/end-with-run.ts).
    const names = [
      'opened',
      'free-port',
      'stack',
      'stack-process',
      'daemon',
      'end-with-run',
      'postgres',
      'postgres-standby',
      'patroni',
      'pgbouncer',
      'smtp',
    ]
    const behind = names.map((name) => `support/${name}.ts`).concat('resource-server/frameworks.ts')
    expect(ways.flatMap((way) => matching(way, behind)).filter((file) => !apart.test(file))).toEqual([])
  })
})
