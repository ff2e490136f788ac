/** Builds the files of a release from one commit, in a folder of its own: nothing of the working tree gets in. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { baseImages, referenceIn } from './base-images.js'
import { provenance } from './provenance.js'
import { billOfMaterials } from './sbom.js'

export const root = fileURLToPath(new URL('..', import.meta.url))

const execute = promisify(execFile)

type Environment = Readonly<Record<string, string>>

async function run(cwd: string, env: Environment, program: string, ...args: readonly string[]): Promise<string> {
  try {
    const options = { cwd, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
    const { stdout } = await execute(program, [...args], options)
    return stdout
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-2_000) : ''
    throw new Error(`${program} ${args.join(' ')} failed in ${cwd}\n${output}`, { cause: error })
  }
}

export const git = async (...args: readonly string[]): Promise<string> => (await run(root, {}, 'git', ...args)).trim()

export const sha256 = (content: Buffer | string): string => createHash('sha256').update(content).digest('hex')

/** SHA-256 of the files in a folder, by name, sorted. */
export function hashesOf(folder: string): Map<string, string> {
  const names = readdirSync(folder).sort()
  return new Map(names.map((name) => [name, sha256(readFileSync(join(folder, name)))]))
}

/** In the form of `sha256sum`. */
export const checksums = (files: ReadonlyMap<string, string>): string =>
  [...files].map(([name, hash]) => `${hash}  ${name}\n`).join('')

export const checksumsName = 'SHA256SUMS'

const quiet = { npm_config_audit: 'false', npm_config_fund: 'false', npm_config_update_notifier: 'false' }

async function unpackCommit(commit: string, folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const archive = join(folder, '..', `${commit}.tar`)
  await run(root, {}, 'git', 'archive', '--format=tar', `--output=${archive}`, commit)
  await run(folder, {}, 'tar', '-xf', archive)
}

export interface Build {
  /** Of git, whole. */
  readonly commit: string
  /** Where the sources, and `files` in it, are put; made if it does not exist. */
  readonly folder: string
  /** Of the programs that build. */
  readonly env?: Environment
}

/**
 * The tarballs, the bill of materials, the provenance and the checksums of all. Resolves to the folder that holds them and nothing else. Takes a minute;
 * packages come from npm's cache or its registry, pinned by the lock file.
 */
export async function buildRelease({ commit, folder, env = {} }: Build): Promise<string> {
  const source = join(folder, 'source')
  const files = join(folder, 'files')
  await unpackCommit(commit, source)
  mkdirSync(files, { recursive: true })
  const all = { ...env, ...quiet }
  // No package's script runs where a release is built.
  await run(source, all, 'npm', 'ci', '--ignore-scripts', '--prefer-offline')
  await run(source, all, process.execPath, 'build.mjs')
  const packages = ['.', ...readdirSync(join(source, 'packages')).map((name) => join('packages', name))]
  for (const name of packages) {
    const flags = ['--ignore-scripts', '--offline', '--pack-destination', files]
    await run(join(source, name), all, 'npm', 'pack', ...flags)
  }
  const { name, version } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as Record<
    'name' | 'version',
    string
  >
  const moment = new Date(Number(await git('show', '--no-patch', '--format=%ct', commit)) * 1_000).toISOString()
  const flags = ['--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only']
  const bill = billOfMaterials(await run(source, all, 'npm', 'sbom', ...flags), name, moment)
  writeFileSync(join(files, `${name}-${version}.cdx.json`), bill)
  const origin = {
    version,
    commit,
    lockFile: sha256(readFileSync(join(source, 'package-lock.json'))),
    images: baseImages.map((image) => referenceIn(image, readFileSync(join(source, image.file), 'utf8'))),
    tools: { node: process.version, npm: (await run(source, all, 'npm', '--version')).trim() },
  }
  writeFileSync(join(files, `${name}-${version}.provenance.json`), provenance(origin, hashesOf(files)))
  writeFileSync(join(files, checksumsName), checksums(hashesOf(files)))
  return files
}

/** What must not decide the bytes, as different as it can be: time zone, language, home, rights of new files. */
export const otherSurroundings: Environment = {
  TZ: 'Pacific/Kiritimati',
  LANG: 'tr_TR.UTF-8',
  LC_ALL: 'C',
  npm_config_umask: '0077',
}

/** Names of the files that two builds do not have alike. */
export function differences(first: ReadonlyMap<string, string>, second: ReadonlyMap<string, string>): string[] {
  const names = new Set([...first.keys(), ...second.keys()])
  return [...names].filter((name) => first.get(name) !== second.get(name)).sort()
}
