/** The surface of the libraries as their users' compiler sees it: every export of every subpath with its declaration, without comments. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What was reviewed. `npm run api` writes it anew, for the review of what has changed. */
export const reviewedApi = fileURLToPath(new URL('api.txt', import.meta.url))

const manifestSchema = z.object({
  name: z.string(),
  exports: z.record(z.string(), z.union([z.string(), z.object({ types: z.string(), default: z.string() })])),
})

interface Subpath {
  readonly name: string
  /** Below `src`, without extension, as `resource-server/express`. */
  readonly module: string
}

function subpathsOf(folder: string): readonly Subpath[] {
  const manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  return Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === 'string'
      ? []
      : [{ name: subpath.replace(/^\./, manifest.name), module: /dist\/(.+)\.d\.ts$/.exec(target.types)?.[1] ?? '' }],
  )
}

const subpaths = () => readdirSync(join(root, 'packages')).flatMap((name) => subpathsOf(join(root, 'packages', name)))

function emitDeclarations(modules: readonly string[], folder: string): void {
  const compiler = join(root, 'node_modules/typescript/bin/tsc')
  const flags = ['--ignoreConfig', '--declaration', '--emitDeclarationOnly', '--noCheck', '--removeComments']
  const settings = [
    '--rootDir',
    'src',
    '--outDir',
    folder,
    '--module',
    'NodeNext',
    '--target',
    'ES2023',
    '--types',
    'node',
  ]
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--verbatimModuleSyntax']
  const files = modules.map((module) => join('src', `${module}.ts`))
  execFileSync(process.execPath, [compiler, ...flags, ...settings, ...strict, ...files], { cwd: root, stdio: 'pipe' })
}

/** Statements begin in the first column, and so does what ends one that has several lines. */
function statements(source: string): string[] {
  return source.split(/\n(?=\S)(?![}\])|&])/).map((statement) => statement.trim())
}

const declaration = /^(?:export )?(?:declare )?(?:async )?(?:function|const|class|interface|type) (\w+)/
const reExport = /^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/s

function declarationIn(file: string, name: string): string {
  const all = statements(readFileSync(file, 'utf8'))
  const own = all.filter((statement) => declaration.exec(statement)?.[1] === name)
  if (own.length > 0) return own.join('\n')
  for (const statement of all) {
    const [, names = '', from = ''] = reExport.exec(statement) ?? []
    if (namesIn(names).includes(name)) return declarationIn(declarationFile(file, from), name)
  }
  throw new Error(`${name} is not declared in ${file}`)
}

function declarationFile(file: string, specifier: string): string {
  return resolve(dirname(file), specifier.replace(/\.js$/, '.d.ts'))
}

function namesIn(list: string): string[] {
  return list
    .split(',')
    .map((one) => one.trim().replace(/^type /, ''))
    .filter((name) => name !== '')
}

function surfaceOf(file: string): string[] {
  const all = statements(readFileSync(file, 'utf8'))
  const names = all.flatMap((statement) => {
    if (!statement.startsWith('export ')) return []
    const listed = reExport.exec(statement)?.[1]
    const own = declaration.exec(statement)?.[1]
    if (listed === undefined && own === undefined) throw new Error(`what is exported here? ${statement}`)
    return listed === undefined ? [own ?? ''] : namesIn(listed)
  })
  return [...new Set(names)].sort().map((name) => declarationIn(file, name))
}

/** The text of `api.txt`, as the code is now. Throws for an export that has no name. */
export function currentApi(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-api-'))
  try {
    emitDeclarations(
      subpaths().map(({ module }) => module),
      folder,
    )
    const sections = subpaths().map(({ name, module }) =>
      [`# ${name}`, ...surfaceOf(join(folder, `${module}.d.ts`))].join('\n\n'),
    )
    return `${sections.join('\n\n')}\n`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
