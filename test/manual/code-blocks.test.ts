/**
 * No code of the manual is there that no test knows. Each fenced block is run by a test that is named here, or is checked here for
 * what it is about. A block of another kind, or a shell line with another program, fails until somebody says how it is checked.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { parseConfig } from '../../src/config/config.js'
import { mistakesOf, read } from '../declarations/reading.js'
import { pinnedVersion } from '../foreign/libraries.js'
import { etcdFlags } from '../support/patroni.js'
import { poolerSettings, roleLimits } from '../support/pgbouncer.js'
import { argumentsOf, mistakesIn } from './commands.js'
import { exampleNames } from './examples.js'
import { type CodeBlock, pages, sectionText } from './pages.js'
import { hereDocuments, type ShellCommand, shellCommands } from './shell-lines.js'

const root = new URL('../../', import.meta.url)
const fileText = (path: string) => readFileSync(new URL(path, root), 'utf8')
const manifest = JSON.parse(fileText('package.json')) as {
  name: string
  version: string
  scripts: Record<string, string>
  dependencies: Record<string, string>
  devDependencies: Record<string, string>
}
const ownPackages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
/** This repository's packages: the server, and the libraries under packages/. */
const libraries = readdirSync(new URL('packages/', root))
const packed = [
  manifest,
  ...libraries.map((name) => JSON.parse(fileText(`packages/${name}/package.json`)) as typeof manifest),
]
const tarballs = packed.map(({ name, version }) => `./${name}-${version}.tgz`)

/** What is wrong with a block, or with a command in it; nothing if it is run by a test or holds. */
type Judge<Subject> = (subject: Subject, block: CodeBlock) => readonly string[]

const complaint = (holds: boolean, text: string) => (holds ? [] : [text])

/** Services, their files and the verbs are those of the repository. test/compose/ runs the stack; test/compose/manual.test.ts these lines. */
function judgeCompose(words: readonly string[]): readonly string[] {
  const composeFile = fileText('docker-compose.yml')
  const files = words.flatMap((word, index) => (words[index - 1] === '-f' ? [word] : []))
  const plain = words.filter(
    (word, index) => !word.startsWith('-') && !files.includes(word) && !/^-(?:U|f)$/.test(words[index - 1] ?? ''),
  )
  const [verb = '', ...rest] = plain
  const named = ['up', 'stop', 'restart', 'logs'].includes(verb) ? rest : rest.slice(0, 1)
  const isService = (name: string) => new RegExp(`^  ${name}:$`, 'm').test(composeFile)
  const action = verb === 'run' && rest[0] === 'secrets' && !words.includes('--entrypoint') ? rest[1] : undefined
  return [
    ...complaint(['up', 'build', 'stop', 'restart', 'logs', 'exec', 'run', 'config'].includes(verb), `no verb ${verb}`),
    ...files.filter((file) => !existsSync(new URL(file, root))).map((file) => `no file ${file}`),
    ...named.filter((name) => name !== 'sh' && !isService(name)).map((name) => `no service ${name}`),
    ...complaint(action === undefined || fileText('docker/secrets.mjs').includes(`'${action}'`), `no action ${action}`),
  ]
}

function judgeNpm([verb = '', ...rest]: readonly string[]): readonly string[] {
  if (verb === 'ci') return []
  if (verb === 'pack') {
    const [flag = '--workspace', name = manifest.name] = rest
    return complaint(flag === '--workspace' && packed.some((one) => one.name === name), `npm pack ${rest.join(' ')}`)
  }
  if (['start', 'test'].includes(verb)) return complaint(Object.hasOwn(manifest.scripts, verb), `no script ${verb}`)
  if (verb === 'run') return complaint(Object.hasOwn(manifest.scripts, rest[0] ?? ''), `no script ${rest[0]}`)
  if (verb !== 'install') return [`npm ${verb}`]
  const packages = rest.filter((word, index) => !word.startsWith('-') && rest[index - 1] !== '--prefix')
  return packages
    .filter((name) => !tarballs.includes(name) && !ownPackages.includes(name))
    .map((name) => `npm would install ${name}`)
}

/** For root on a Debian machine: programs of Debian and of Patroni, on files that this page names. Not run, because they change the machine. */
const ofDebian = {
  'docs/operations/systemd.md': ['useradd', 'install', 'systemctl', 'runuser'],
  'docs/operations/patroni.md': [
    'apt-get',
    'pg_dropcluster',
    'chown',
    'chmod',
    'systemctl',
    'createuser',
    'createdb',
    'patronictl',
  ],
}

/** The names by which a page says to save its programs, by the language of the block. */
const savedAs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs/guard/your-server.md': { js: 'server.mjs' },
  'docs/guard/three-servers.md': { js: 'tickets.mjs', python: 'files.py' },
}

const programs: Readonly<Record<string, Judge<ShellCommand>>> = {
  npm: ({ words }) => judgeNpm(words.slice(1)),
  docker: ({ words }) => [...complaint(words[1] === 'compose', 'not compose'), ...judgeCompose(words.slice(2))],
  // Run by test/resource-server/packed.test.ts and test/foreign/three-servers.test.ts.
  node: ({ words }, { page }) => complaint(words.join(' ') === `node ${savedAs[page]?.['js']}`, 'not ours'),
  python: ({ words }, { page }) => complaint(words.join(' ') === `python ${savedAs[page]?.['python']}`, 'not ours'),
  // Compared with the connect page by commands.test.ts.
  claude: ({ words }) =>
    complaint(words.slice(0, 3).join(' ') === 'claude mcp add', 'another line than the connect page has'),
  // Run by test/system/restore.test.ts, as the page has them.
  umask: (_, { page }) => complaint(page === 'docs/operations/backup.md', 'not run'),
  pg_dump: (_, { page }) => complaint(page === 'docs/operations/backup.md', 'not run'),
  pg_restore: (_, { page }) => complaint(page === 'docs/operations/backup.md', 'not run'),
  // Run below, and on the page about releases by test/release/builds.
  openssl: (_, { page }) => complaint(/\/(?:keys|verify)\.md$/.test(page), 'not run'),
  sha256sum: (_, { page }) => complaint(page === 'docs/operations/verify.md', 'not run'),
  tr: (_, { page }) => complaint(page === 'docs/operations/keys.md', 'not run'),
  // The versions that test/foreign runs.
  pip: ({ words }) =>
    complaint(
      ['mcp', 'fastmcp'].some((name) => words.join(' ') === `pip install ${name}==${pinnedVersion('Python', name)}`),
      'not the tested version',
    ),
  go: ({ words }) =>
    complaint(
      words.join(' ') === 'go run .' ||
        words.slice(2).every((word) => {
          const [name = '', version] = word.split('@')
          return version === `v${pinnedVersion('Go', name)}`
        }),
      'not the tested version',
    ),
  // Gets the next release: nothing that a test could judge.
  git: ({ words }) => complaint(words.join(' ') === 'git pull', 'another use of git'),
}

function judgeCommand(command: ShellCommand, block: CodeBlock): readonly string[] {
  const args = argumentsOf(command)
  // commands.test.ts runs them all.
  if (args !== undefined) return mistakesIn(args)
  const [program] = command.words
  // Lines of a file with settings: etcd's are judged below.
  if (program === undefined) return Object.keys(command.environment).filter((name) => !name.startsWith('ETCD_'))
  if (Object.entries(ofDebian).some(([page, names]) => page === block.page && names.includes(program))) return []
  return programs[program]?.(command, block) ?? [`no test knows the program ${program}`]
}

const codeSections = [...exampleNames, 'express-example', 'resource-example']
/** Each of its blocks is run by test/foreign/three-servers.test.ts. */
const ofThreeServers = ({ page }: CodeBlock) => page === 'docs/guard/three-servers.md'
const isIn = (name: string, { text }: CodeBlock) => sectionText(name).includes(`\n${text}\`\`\`\n`)

const kinds: Readonly<Record<string, Judge<CodeBlock>>> = {
  sh: (_, block) =>
    shellCommands(block.text).flatMap((command) =>
      judgeCommand(command, block).map((text) => `${command.words.join(' ')}: ${text}`),
    ),
  // Run by test/journeys/library-examples.test.ts and test/resource-server/packed.test.ts.
  ts: (_, block) =>
    complaint(
      codeSections.some((name) => isIn(name, block)),
      'not in a section that a test runs',
    ),
  // Run by test/foreign/guarded-servers.test.ts and test/foreign/three-servers.test.ts.
  python: (_, block) =>
    complaint(ofThreeServers(block) || isIn('python-server', block), 'not in a section that a test runs'),
  go: (_, block) => complaint(ofThreeServers(block) || isIn('go-server', block), 'not in a section that a test runs'),
  js: (_, block) =>
    complaint(ofThreeServers(block) || isIn('express-example', block), 'not in a section that a test runs'),
  // The product reads the others, below.
  yaml: (_, { page, text }) => (page === 'docs/operations/monitoring.md' ? [] : mistakesOf(text)),
  ini: (_, { page }) => complaint(page === 'docs/operations/pooler.md', 'not compared'),
  sql: (_, { page }) => complaint(page === 'docs/operations/pooler.md', 'not compared'),
  caddyfile: (_, { page }) => complaint(page === 'docs/operations/layouts.md', 'not compared'),
  mermaid: (_, { page }) => complaint(page === 'README.md', 'not compared'),
  // Output, and files that a person reads.
  text: (_, { page }) => complaint(Object.hasOwn(texts, page), 'not checked'),
}

/** How the `text` blocks of a page are checked. */
const texts: Readonly<Record<string, string>> = {
  'docs/reference/command.md': 'generated',
  'docs/operations/doctor.md': 'below',
  'docs/operations/proxy.md': 'the line of a hosts file, in docker-compose.proxy.yml by the same names',
  'src/README.md': 'below',
}

const blocks = pages.flatMap((page) => page.blocks)
const only = (page: string, language: string): CodeBlock => {
  const [block, ...others] = blocks.filter((block) => block.page === page && block.language === language)
  if (block === undefined || others.length > 0) throw new Error(`${page} has not one block of ${language}`)
  return block
}

describe('Code blocks of the manual', () => {
  it('are found', () => expect(blocks.length).toBeGreaterThan(70))

  it('begin and end: no fence is left over', () => {
    expect(pages.filter(({ prose }) => /^ *`{3}/m.test(prose)).map(({ path }) => path)).toEqual([])
  })

  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block.language, block] as const))(
    '%s (%s) is run or checked',
    (_, language, block) => {
      const judge = kinds[language]
      expect(
        judge === undefined ? [`no test knows blocks of ${language || 'no language'}`] : judge(block, block),
      ).toEqual([])
    },
  )
})

describe('What the blocks say', () => {
  it('settings in the file of the systemd service are good ones', () => {
    const [file = ''] = blocks
      .filter(({ page }) => page === 'docs/operations/systemd.md')
      .flatMap(({ text }) => hereDocuments(text))
    const environment = Object.fromEntries(
      file
        .trim()
        .split('\n')
        .map((line) => line.split('=', 2)),
    )
    expect(Object.keys(environment)).toContain('TRUSTED_PROXIES')
    expect(() => parseConfig({ ...environment, DATA_DIR: '/var/lib/gatehouse' }, () => '')).not.toThrow()
  })

  it('the server reads the clients and the trusted issuers', () => {
    const texts = blocks
      .filter(({ page, language }) => page === 'docs/operations/machines.md' && language === 'yaml')
      .map(({ text }) => text)
    const files = texts.map((text) => read(text))
    expect(files.flatMap(({ issuers }) => issuers)).toMatchObject([{ id: 'https://idp.example.com' }])
    expect(files.flatMap(({ clients }) => clients)).toHaveLength(3)
  })

  it('the pooler’s settings and the roles’ limits are those that its test runs with', () => {
    const page = 'docs/operations/pooler.md'
    const shown = Object.fromEntries(
      [...only(page, 'ini').text.matchAll(/^(\w+) = (\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
    )
    expect(shown).toMatchObject(poolerSettings)
    expect(Number(shown['default_pool_size'])).toBeGreaterThanOrEqual(2)
    const limits = [...only(page, 'sql').text.matchAll(/^ALTER ROLE gatehouse_auth SET (\w+) = '(\w+)';$/gm)]
    expect(Object.fromEntries(limits.map(([, name, value]) => [name, value]))).toEqual(roleLimits)
  })

  it('etcd’s settings are the flags that F26 runs it with', () => {
    const etcd = blocks.filter(({ page, text }) => page === 'docs/operations/patroni.md' && text.startsWith('ETCD_'))
    const names = etcd.flatMap(({ text }) => [...text.matchAll(/^ETCD_(\w+)=/gm)].map(([, name = '']) => name))
    expect(names.map((name) => name.toLowerCase().replaceAll('_', '-')).sort()).toEqual([...etcdFlags].sort())
  })

  it('Caddy tells the servers apart as the composed proxy does', () => {
    const shown = only('docs/operations/layouts.md', 'caddyfile').text
    const matcher = /@mcp path .*/.exec(fileText('docker/caddy/one-origin.caddyfile'))?.[0] ?? ''
    expect(shown).toContain(matcher)
    for (const upstream of ['mcp:4000', 'auth:3000']) {
      expect(shown).toContain(`${upstream}\n`)
      expect(fileText('docker-compose.yml')).toContain(`:${upstream.split(':')[1]}"]`)
    }
  })

  it('Prometheus scrapes services that there are, and reads the rules that there are', () => {
    const { text } = only('docs/operations/monitoring.md', 'yaml')
    const [, rules = '', targets = ''] =
      /^rule_files: \[(\S+)\]\nscrape_configs:\n {2}- job_name: gatehouse\n {4}static_configs: \[\{ targets: \[(.+)\] \}\]\n$/.exec(
        text,
      ) ?? []
    expect(existsSync(new URL(`docs/operations/${rules}`, root))).toBe(true)
    expect(targets.split(', ')).toEqual(['"auth:9464"', '"mcp:9464"'])
  })

  it('the doctor’s sample shows checks that it makes', () => {
    const sample = only('docs/operations/doctor.md', 'text').text
    const titles = [...sample.matchAll(/^ {2}(?:passed|FAILED) {2,}(.+)$/gm)].map(([, title = '']) => title)
    const problems = [...sample.matchAll(/^ {4}problem: (.+)$/gm)].map(([, title = '']) => title)
    expect(titles).toHaveLength(4)
    const sources = execFileSync('git', ['grep', '-h', '', '--', 'src/doctor'], { cwd: root, encoding: 'utf8' })
    for (const text of [...titles, ...problems]) expect(sources).toContain(text)
  })

  it('the line that makes an encryption key makes one that the server takes', () => {
    const [line = ''] = blocks.filter(({ text }) => text.startsWith('openssl')).map(({ text }) => text)
    const key = execFileSync('sh', ['-c', line], { encoding: 'utf8' }).trim()
    expect(() => parseConfig({ ENCRYPTION_KEY: key }, () => '')).not.toThrow()
    expect(Buffer.from(key, 'base64url')).toHaveLength(32)
  })

  it('the map of the code names every folder and file at the top of src', () => {
    const named = [...only('src/README.md', 'text').text.matchAll(/^([\w.-]+)\/? /gm)].map(([, name = '']) => name)
    expect([...named].sort()).toEqual(
      readdirSync(new URL('src/', root))
        .filter((name) => name !== 'README.md')
        .sort(),
    )
  })

  // commands.test.ts asks the servers for its paths.
  it('the picture is one that GitHub draws', () => {
    const [first, ...lines] = only('README.md', 'mermaid').text.trimEnd().split('\n')
    expect(first).toBe('sequenceDiagram')
    const participants = lines.flatMap((line) => /^ {2}participant (\w) as [\w' ]+$/.exec(line)?.[1] ?? [])
    const arrow = new RegExp(`^ {2}[${participants.join('')}]--?>>[${participants.join('')}]: [^;#<>]+$`)
    expect(lines.slice(participants.length).filter((line) => !arrow.test(line))).toEqual([])
  })
})

describe('Lines that download a program', () => {
  /** Packages of others that the manual and the product tell people to run, each by the name that its makers publish. */
  const known = ['@modelcontextprotocol/inspector', 'mcp-remote']
  const tracked = execFileSync(
    'git',
    ['ls-files', '--', '*.md', 'src', 'views', 'docker', 'docs', '*.yml', 'build.mjs'],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  const files = tracked
    .trim()
    .split('\n')
    .filter((file) => !file.endsWith('.png'))

  it('name no package but the known ones: the name of this program belongs to others on the registry', () => {
    const runner = /(?:\bnpx|\bnpm (?:exec|x)|\bbunx|\bpnpx|\b(?:pnpm|yarn) dlx)((?: -[\w-]+)*) (@?[\w./-]+)/g
    const found = files.flatMap((file) =>
      [...fileText(file).matchAll(runner)].map(([line, , name = '']) => ({ file, line, name })),
    )
    expect(found.length).toBeGreaterThan(2)
    expect(found.filter(({ name }) => !known.includes(name))).toEqual([])
  })

  it('install the packed file, never the name', () => {
    const installs =
      /\b(?:npm (?:i|install|add)|pnpm add|yarn add|bun add)\b[^\n`]*(?<![\w/])gatehouse(?:-server|-guard|-issuer-front)?(?![-\w./])/
    expect(files.filter((file) => installs.test(fileText(file).replaceAll(/\/opt\/gatehouse/g, '')))).toEqual([])
  })
})
