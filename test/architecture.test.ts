import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import { currentApi, reviewedApi } from './resource-server/api.js'

const root = fileURLToPath(new URL('../src', import.meta.url))

/** Which folders a folder may import besides itself; src/README.md shows the same table to people. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  oauth: [],
  problems: [],
  base: ['oauth'],
  database: ['oauth', 'base'],
  http: ['oauth', 'base', 'database', 'problems'],
  outbound: ['oauth', 'base'],
  telemetry: ['oauth', 'base', 'http'],
  pages: ['oauth', 'base', 'http'],
  mail: ['oauth', 'base', 'database', 'outbound', 'pages', 'storage'],
  'connect-page': ['oauth'],
  'resource-server': ['oauth'],
  'issuer-front': ['oauth', 'resource-server'],
  storage: ['oauth', 'base', 'database', 'http'],
  'authorization-server': [
    'oauth',
    'base',
    'database',
    'http',
    'outbound',
    'telemetry',
    'pages',
    'connect-page',
    'problems',
    'storage',
    'mail',
  ],
  'mcp-host': [
    'oauth',
    'base',
    'database',
    'http',
    'outbound',
    'telemetry',
    'pages',
    'connect-page',
    'problems',
    'resource-server',
  ],
  notes: ['oauth', 'base', 'database', 'resource-server', 'mcp-host'],
  doctor: ['oauth', 'base', 'database', 'http', 'outbound'],
  discovery: ['oauth', 'base', 'outbound'],
  config: ['oauth'],
  declarations: ['oauth'],
  program: [
    'oauth',
    'base',
    'database',
    'http',
    'outbound',
    'telemetry',
    'pages',
    'connect-page',
    'storage',
    'mail',
    'authorization-server',
    'mcp-host',
    'notes',
    'discovery',
    'config',
    'declarations',
  ],
  cli: [
    'oauth',
    'base',
    'database',
    'http',
    'outbound',
    'telemetry',
    'pages',
    'connect-page',
    'problems',
    'storage',
    'mail',
    'authorization-server',
    'mcp-host',
    'notes',
    'doctor',
    'discovery',
    'config',
    'declarations',
    'program',
  ],
  'main.ts': ['base', 'cli'],
}

/** Single files that may import more than their folder. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  'issuer-front/sender-limit.ts': ['http/client-network.ts', 'http/window-counters.ts'],
  'issuer-front/node.ts': ['http/client-address.ts'],
  'resource-server/defaults.ts': ['base/clock.ts', 'outbound/bounded-fetch.ts'],
}

/** Packages that only these folders may touch. */
const packages: Readonly<Record<string, readonly string[]>> = {
  '@prisma/client': ['storage', 'notes'],
  pg: ['database'],
  nodemailer: ['outbound'],
  '@electric-sql/pglite': ['database'],
}

interface Module {
  readonly file: string
  readonly imports: readonly { readonly target: string; readonly typeOnly: boolean }[]
}

const importPattern = /(?:^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?|\bimport\()'([^']+)'/gm

function readModules(): Module[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.includes('generated'))
    .map((file) => {
      const source = readFileSync(join(root, file), 'utf8')
      const imports = [...source.matchAll(importPattern)].map(([, type, specifier = '']) => ({
        target: specifier.startsWith('.')
          ? relative(root, resolve(root, dirname(file), specifier)).replace(/\.js$/, '.ts')
          : specifier,
        typeOnly: type !== undefined,
      }))
      return { file, imports }
    })
}

const modules = readModules()
const files = new Set(modules.map(({ file }) => file))

function folderOf(file: string): string {
  return file.split('/')[0] ?? ''
}

function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Import paths that come back to where they began, imports of types among them: who reads one file must not have to read all. */
function cycles(): string[] {
  const edges = new Map(modules.map(({ file, imports }) => [file, imports.filter(({ target }) => files.has(target))]))
  const found: string[] = []
  const done = new Set<string>()
  const walk = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start !== -1) found.push([...path.slice(start), file].join(' → '))
    if (start !== -1 || done.has(file)) return
    for (const { target } of edges.get(file) ?? []) walk(target, [...path, file])
    done.add(file)
  }
  for (const file of files) walk(file, [])
  return found
}

describe('Architecture', () => {
  it('reads the whole of src/', () => {
    expect(modules.length).toBeGreaterThan(50)
    expect(modules.flatMap(({ imports }) => imports).length).toBeGreaterThan(200)
  })

  it('has no folder that the import table does not name', () => {
    const unknown = [...files].map(folderOf).filter((folder) => !(folder in allowed))
    expect(unknown).toEqual([])
  })

  it('imports only what the import table allows', () => {
    const forbidden = modules.flatMap(({ file, imports }) =>
      imports
        .filter(({ target }) => files.has(target) || target.includes('generated'))
        .filter(({ target }) => folderOf(target) !== folderOf(file))
        .filter(({ target }) => !(allowed[folderOf(file)] ?? []).includes(folderOf(target)))
        .filter(({ target }) => !(exceptions[file] ?? []).includes(target))
        .map(({ target }) => `${file} imports ${target}`),
    )
    expect(forbidden).toEqual([])
  })

  it('imports the engine, types included, in one room alone', () => {
    const elsewhere = modules
      .filter(({ imports }) => imports.some(({ target }) => packageOf(target) === 'oidc-provider'))
      .map(({ file }) => file)
      .filter((file) => !file.startsWith('authorization-server/engine/'))
    expect(elsewhere).toEqual([])
  })

  /** `Provider.ctx` is the engine's, and `ctx.oidc` its context of a request. */
  it('looks at the context of the engine in the same room alone', () => {
    const elsewhere = [...files]
      .filter((file) => !file.startsWith('authorization-server/engine/'))
      .filter((file) =>
        /\bProvider\.ctx\b|\boidc\??\.|\{ oidc\b/.test(withoutComments(readFileSync(join(root, file), 'utf8'))),
      )
    expect(elsewhere).toEqual([])
  })

  it('lets no answer depend on what a log line will say: only metrics and traces read it', () => {
    const reading =
      /\bevent\.(?:error|errorDetail|problem|outcome|limit|clientId|subjectHash|grantType|decision)\b(?!\s*(?:\?\?)?=[^=])/
    const elsewhere = [...files]
      .filter((file) => !/^telemetry\/|(^|\/)request-counts\.ts$/.test(file))
      .filter((file) =>
        reading.test(
          withoutComments(readFileSync(join(root, file), 'utf8')).replace(/\bdelete ctx\.state\.event\.\w+/g, ''),
        ),
      )
    expect(elsewhere).toEqual([])
  })

  it('touches databases only where they belong', () => {
    const forbidden = modules.flatMap(({ file, imports }) =>
      imports
        .filter(({ typeOnly }) => !typeOnly)
        .map(({ target }) => packageOf(target))
        .filter((name) => name in packages && !(packages[name] ?? []).includes(folderOf(file)))
        .map((name) => `${file} imports ${name}`),
    )
    expect(forbidden).toEqual([])
  })

  it('loads nothing but jose and Node for the library', () => {
    const loaded = modules
      .filter(({ file }) => folderOf(file) === 'resource-server')
      .flatMap(({ imports }) => imports.filter(({ typeOnly }) => !typeOnly).map(({ target }) => target))
      .filter((target) => !files.has(target) && !target.startsWith('node:'))
    expect([...new Set(loaded)]).toEqual(['jose'])
  })

  it('publishes of the library what was reviewed (npm run api shows what differs)', () => {
    expect(currentApi()).toBe(readFileSync(reviewedApi, 'utf8'))
  })

  it('constructs the engine in one file', () => {
    const constructing = modules
      .map(({ file }) => file)
      .filter((file) => /new Provider\(/.test(withoutComments(readFileSync(join(root, file), 'utf8'))))
    expect(constructing).toEqual(['authorization-server/engine/provider.ts'])
  })

  it('has no import cycle', () => {
    expect(cycles()).toEqual([])
  })

  it('keeps every file under 300 lines', () => {
    const long = [...files].filter((file) => readFileSync(join(root, file), 'utf8').split('\n').length > 300)
    expect(long).toEqual([])
  })

  it('reads time, chance, environment and network only in the rooms at the bottom, config and the command line', () => {
    const globals = /\b(Date\.now\(|new Date\(\)|Math\.random\(|process\.env\b|(?<![.\w])fetch\()/
    const elsewhere = [...files]
      .filter((file) => !/^(base|database|http|outbound|telemetry|config|cli)\/|^main\.ts$/.test(file))
      .filter((file) => globals.test(withoutComments(readFileSync(join(root, file), 'utf8'))))
    expect(elsewhere).toEqual([])
  })

  it('never asks URL.canParse, which some versions of Node get wrong (oauth/url.ts)', () => {
    const asking = [...files].filter((file) =>
      withoutComments(readFileSync(join(root, file), 'utf8')).includes('URL.canParse'),
    )
    expect(asking).toEqual([])
  })
})

function withoutComments(source: string): string {
  return source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '')
}
