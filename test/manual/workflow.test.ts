/** The hosted workflows call scripts that there are, on the releases that CONTRIBUTING.md names, with pinned actions. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

const root = new URL('../../', import.meta.url)
const workflow = readFileSync(new URL('.github/workflows/ci.yml', root), 'utf8')
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  scripts: Record<string, string>
}
const commands = [...workflow.matchAll(/^ +- run: (.+)$/gm)].map(([, command = '']) => command)
const list = (name: string) =>
  new RegExp(`^ +${name}: \\[(.*)\\]$`, 'm')
    .exec(workflow)?.[1]
    ?.split(', ')
    .map((item) => item.replaceAll('"', ''))

describe('.github/workflows/ci.yml', () => {
  it('runs npm scripts and files of the repository', () => {
    expect(commands.length).toBeGreaterThan(5)
    const named = commands.flatMap((command) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? [])
    const journeys = (list('script') ?? []).map((script) => script.split(' ')[0] ?? '')
    expect([...named, ...journeys].filter((name) => !Object.hasOwn(scripts, name))).toEqual([])
    expect(journeys).toHaveLength(7)
    const others = commands.filter(
      (command) => !/^npm (ci|test|run [\w:-]+|run \$\{\{ matrix\.script \}\})$/.test(command),
    )
    expect(others.filter((command) => !existsSync(new URL(command, root)))).toEqual([])
  })

  it('tests Node 22, 24 and 26 with PostgreSQL 15 to 18', () => {
    expect(list('node')).toEqual(['22', '24', '26'])
    expect(list('postgresql')).toEqual(['15', '16', '17', '18'])
  })
})

describe.each(readdirSync(new URL('.github/workflows/', root)))('.github/workflows/%s', (name) => {
  const text = readFileSync(new URL(`.github/workflows/${name}`, root), 'utf8')

  it('pins each action by its commit', () => {
    const actions = [...text.matchAll(/^ +- uses: (.+)$/gm)].map(([, action = '']) => action)
    expect(actions.length).toBeGreaterThan(2)
    expect(actions.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action))).toEqual([])
  })

  it('may only read, except where a job says what it writes', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n\n/m)
    const writing = [...text.matchAll(/^ +([\w-]+): write$/gm)].map(([, right]) => right)
    expect(writing).toEqual(name === 'release.yml' ? ['contents', 'id-token', 'attestations'] : [])
  })

  it('calls files and scripts of the repository', () => {
    const run = [...text.matchAll(/^ +- run: (.+)$/gm)].map(([, command = '']) => command)
    const own = run.flatMap((command) => /^([\w.-]+\/[\w./-]+)/.exec(command)?.[1] ?? [])
    expect(own.filter((file) => !existsSync(new URL(file, root)))).toEqual([])
    const called = run.flatMap((command) => /^npm run ([\w:-]+)/.exec(command)?.[1] ?? [])
    expect(called.filter((script) => !Object.hasOwn(scripts, script))).toEqual([])
  })
})

describe('.github/workflows/dependencies.yml', () => {
  it('asks two sources every day', () => {
    const text = readFileSync(new URL('.github/workflows/dependencies.yml', root), 'utf8')
    expect(text).toMatch(/^ {4}- cron: "\d+ \d+ \* \* \*"$/m)
    expect(text).toMatch(/npm audit --omit dev/)
    expect(text).toMatch(/osv-scanner@v\d+\.\d+\.\d+ /)
  })
})
