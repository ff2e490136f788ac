/** The packages as others get them: the packed tarball in an empty project, where nothing else of this repository can be reached. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { sectionText } from '../manual/pages.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const packSchema = z.array(
  z.object({
    name: z.string(),
    filename: z.string(),
    size: z.number(),
    unpackedSize: z.number(),
    files: z.array(z.object({ path: z.string() })),
  }),
)

/** The folder of each package that can be packed. */
export const packages = { server: '.', guard: 'packages/guard', 'issuer-front': 'packages/issuer-front' } as const

export interface Packed {
  readonly name: string
  readonly tarball: string
  /** Bytes of the tarball. */
  readonly size: number
  /** Bytes of its files. */
  readonly unpackedSize: number
  readonly files: readonly string[]
}

/** Packs what was built into a folder. Runs no script and asks no registry. */
export function pack(which: keyof typeof packages, folder: string): Packed {
  const flags = ['--ignore-scripts', '--offline', '--json', '--pack-destination', folder]
  const output = execFileSync('npm', ['pack', ...flags], {
    cwd: join(root, packages[which]),
    encoding: 'utf8',
    stdio: 'pipe',
  })
  const [packed] = packSchema.parse(JSON.parse(output))
  if (packed === undefined) throw new Error('nothing was packed')
  const { name, filename, size, unpackedSize, files } = packed
  return { name, tarball: join(folder, filename), size, unpackedSize, files: files.map(({ path }) => path) }
}

/** Unpacks it in a project that has these packages besides, and no others. */
export function installPacked(packed: readonly Packed[], project: string, others: readonly string[]): void {
  const modules = join(project, 'node_modules')
  for (const { name, tarball } of packed) {
    mkdirSync(join(modules, name), { recursive: true })
    execFileSync('tar', ['-xzf', tarball, '-C', join(modules, name), '--strip-components=1'])
  }
  for (const name of others) {
    mkdirSync(dirname(join(modules, name)), { recursive: true })
    symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'empty', private: true, type: 'module' }))
}

export interface Loaded {
  readonly files: readonly string[]
  readonly bytes: number
  /** Packages besides Node's own modules. */
  readonly packages: readonly string[]
}

const imported = /^(?:import|export)\s(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm

/** Everything that importing a built file loads. */
export function loadedBy(entry: string): Loaded {
  const files = new Set<string>()
  const packages = new Set<string>()
  let bytes = 0
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    const source = readFileSync(file, 'utf8')
    bytes += Buffer.byteLength(source)
    for (const [, specifier = ''] of source.matchAll(imported)) {
      if (specifier.startsWith('.')) visit(resolve(dirname(file), specifier))
      else if (!specifier.startsWith('node:')) packages.add(specifier)
    }
  }
  visit(join(root, entry))
  return { files: [...files], bytes, packages: [...packages].sort() }
}

export const guardEntry = 'packages/guard/dist/resource-server/index.js'

/** The sentence of the manual. Sizes are rounded: they say how big it is, not which commit this is. */
export function librarySize(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pack-'))
  try {
    const { size } = pack('guard', folder)
    const { files, bytes, packages } = loadedBy(guardEntry)
    const kilobytes = (count: number) => `${Math.round(count / 10_000) * 10} kB`
    return `The tarball has ${kilobytes(size)}. Importing it loads ${files.length} files with ${kilobytes(bytes)} and ${packages.length} package: \`${packages.join('`, `')}\`.`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The first code block of a package's README. */
export function packageExample(name: keyof typeof packages): string {
  const readme = readFileSync(join(root, packages[name], 'README.md'), 'utf8')
  const [, example] = /```[jt]s\n([\s\S]*?)```/.exec(readme) ?? []
  if (example === undefined) throw new Error(`${packages[name]}/README.md has no example`)
  return example
}

/** The code block of the manual, or the description of its resource, as a file would hold it. */
export function manualExample(name: 'express' | 'resource' = 'express'): string {
  const example = /^`{3}(?:js|yaml)\n([\s\S]*)`{3}\n$/.exec(sectionText(`${name}-example`))?.[1]
  if (example === undefined) throw new Error(`the section ${name}-example is not one code block`)
  return example
}
