/** Each `gatehouse` line of the manual's shell blocks is run, on a server of its own; those in its text have the forms that there are. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseConfig } from '../../src/config/config.js'
import { settings } from '../../src/config/settings.js'
import { connectLines } from '../../src/connect-page/connect-lines.js'
import { declaredResource } from '../../src/program/topology.js'
import { runCli } from '../cli/terminal.js'
import { temporaryFolder } from '../support/run-folder.js'
import { type StackProcess, startStackProcess } from '../support/stack-process.js'
import { documentedCommands, mistakesIn } from './commands.js'
import { pageAt, pages } from './pages.js'
import { shellCommands } from './shell-lines.js'

/** What others run: a server is started by the tests of the program, and in test/resource-server/packed.test.ts as the page says. */
const startsServer = (args: readonly string[]) => args[0] === 'serve'

/** Once: a page may show a line that another has too. Last what ends access. */
const lines = [...new Map(documentedCommands.map((command) => [command.args.join(' '), command])).values()]
  .filter(({ args }) => !startsServer(args))
  .sort((left, right) => Number(left.args[0] === 'access') - Number(right.args[0] === 'access'))

describe('Commands of the manual', () => {
  let stack: StackProcess
  // The embedded databases are migrated while no server runs, so that command gets a folder of its own.
  const run = (...args: string[]) => {
    const changes: Record<string, string> = args[0] === 'migrate' ? { DATA_DIR: temporaryFolder('data') } : {}
    return runCli(args, { ...stack.settings, ...changes }, 'quarrel velvet harbour\n')
  }

  beforeAll(async () => {
    stack = await startStackProcess({ database: 'embedded' })
  })
  afterAll(() => stack?.stop())

  /** What stands for the placeholder, or for an address of the examples. */
  async function standInFor(word: string): Promise<string> {
    if (word === '<email>') return stack.account.email
    if (word === '<account_id>') return JSON.parse((await run('accounts', 'list', '--json')).stdout)[0].id
    if (word === '<key>') return JSON.parse((await run('keys', 'list', '--json')).stdout)[0].id
    if (word === '<client_id>') {
      const added = await run('clients', 'add', '--name', 'To be removed', '--confidential')
      return /client_id\W+([\w-]+)/.exec(added.stdout)?.[1] ?? ''
    }
    return word === 'http://localhost:4000/mcp' || word === 'https://mcp.example.com/mcp' ? stack.resource : word
  }

  it('are many', () => expect(lines.length).toBeGreaterThan(20))

  it.each(lines.map(({ page, args }) => [page, args.join(' '), args] as const))(
    '%s: gatehouse %s',
    async (_, __, args) => {
      const words = await Promise.all(args.map(standInFor))
      const { exitCode, stdout, stderr } = await run(...words)
      expect({ words, exitCode, stderr: exitCode === 0 ? '' : stderr + stdout }).toEqual({
        words,
        exitCode: 0,
        stderr: '',
      })
    },
  )

  it('set settings that there are, to values that they take', () => {
    const all = pages.flatMap(({ path, blocks }) =>
      blocks
        .filter(({ language }) => language === 'sh')
        .flatMap(({ text }) => shellCommands(text).map((command) => ({ path, ...command }))),
    )
    const set = all.filter(({ environment, words }) => words.length > 0 && Object.keys(environment).length > 0)
    expect(set.length).toBeGreaterThan(2)
    for (const { environment } of set) {
      expect(Object.keys(environment).filter((name) => !Object.hasOwn(settings, name))).toEqual([])
      expect(() => parseConfig(environment, () => '{}')).not.toThrow()
    }
  })

  it('have the forms that the program has, in the text too', () => {
    const named = pages.flatMap(({ path, prose }) =>
      [...prose.matchAll(/`gatehouse ([^`]+)`/g)].map(([code, line = '']) => ({ path, code, line })),
    )
    expect(named.length).toBeGreaterThan(30)
    const wrong = named.flatMap(({ path, code, line }) =>
      mistakesIn(line.replaceAll(/\s+/g, ' ').split(' ')).map((mistake) => `${path}: ${code}: ${mistake}`),
    )
    expect(wrong).toEqual([])
  })

  it('and the paths of the README’s picture are answered by the server that it draws', async () => {
    const picture = pageAt('README.md').blocks.find(({ language }) => language === 'mermaid')?.text ?? ''
    const asked = [...picture.matchAll(/->>([AMP]): (?:(GET|POST)|opens) (\/[\w./-]+)/g)]
    expect(asked.length).toBeGreaterThan(6)
    for (const [, who, method = 'GET', path = ''] of asked) {
      const origin = who === 'M' ? new URL(stack.resource).origin : stack.issuer
      const { status } = await fetch(origin + path, { method, redirect: 'manual' })
      expect({ path, isThere: status !== 404 && status !== 405 && status < 500 }).toEqual({ path, isThere: true })
    }
  })

  it('that connect clients are those of the connect page', () => {
    const readme = pageAt('README.md').text
    const codes = new Map(connectLines(declaredResource(parseConfig({}, () => ''))).map(({ id, code }) => [id, code]))
    expect(readme).toContain(`\`${codes.get('claude-code')}\``)
    expect(readme).toContain(`\`${codes.get('vs-code')}\``)
    const cursor = /in `~\/\.cursor\/mcp\.json`: `(.+?)`/.exec(readme)?.[1] ?? ''
    expect(JSON.parse(cursor)).toEqual(JSON.parse(codes.get('cursor') ?? ''))
    expect(pageAt('docs/getting-started.md').text).toContain(`${codes.get('claude-code')}\n`)
  })
})
