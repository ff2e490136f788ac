/** The library as others get it: the packed tarball in an empty project, where nothing else of this repository can be reached. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

export const root = fileURLToPath(new URL('../..', import.meta.url))

const packSchema = z.array(
  z.object({ filename: z.string(), size: z.number(), files: z.array(z.object({ path: z.string() })) }),
)

export interface Packed {
  readonly tarball: string
  /** Bytes of the tarball. */
  readonly size: number
  readonly files: readonly string[]
}

/** Packs what was built into a folder. Runs no script and asks no registry. */
export function pack(folder: string): Packed {
  const flags = ['--ignore-scripts', '--offline', '--json', '--pack-destination', folder]
  const output = execFileSync('npm', ['pack', ...flags], { cwd: root, encoding: 'utf8', stdio: 'pipe' })
  const [packed] = packSchema.parse(JSON.parse(output))
  if (packed === undefined) throw new Error('nothing was packed')
  return { tarball: join(folder, packed.filename), size: packed.size, files: packed.files.map(({ path }) => path) }
}

/** Unpacks it in a project that has these packages besides, and no others. */
export function installPacked({ tarball }: Packed, project: string, packages: readonly string[]): void {
  const modules = join(project, 'node_modules')
  mkdirSync(join(modules, 'gatehouse'), { recursive: true })
  execFileSync('tar', ['-xzf', tarball, '-C', join(modules, 'gatehouse'), '--strip-components=1'])
  for (const name of packages) {
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

export const libraryEntry = 'dist/resource-server/index.js'

/** The sentence of README.md. Sizes are rounded: they say how big it is, not which commit this is. */
export function librarySize(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pack-'))
  try {
    const { size } = pack(folder)
    const { files, bytes, packages } = loadedBy(libraryEntry)
    const kilobytes = (count: number) => `${Math.round(count / 10_000) * 10} kB`
    return `The tarball, servers and all, has ${kilobytes(size)}. Importing the library loads ${files.length} files with ${kilobytes(bytes)} and ${packages.length} package: \`${packages.join('`, `')}\`.`
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The code block of README.md, or the description of its resource, as a file would hold it. */
export function readmeExample(name: 'express' | 'resource' = 'express'): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8')
  const block = new RegExp(
    `<!-- ${name}-example:start -->\\n\`{3}js(?:on)?\\n([\\s\\S]*?)\`{3}\\n<!-- ${name}-example:end -->`,
  )
  const example = block.exec(readme)?.[1]
  if (example === undefined) throw new Error('README.md has no example')
  return example
}
