// What this machine has beyond Node. Only this module looks for it: no other test file may name a program's path.
// Plain JavaScript, because Jest's global set-up, the reporter and the tests' TypeScript all read it.
import { execFileSync } from 'node:child_process'
import { accessSync, constants, existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

// Debian leaves /usr/sbin out of the PATH of everybody but root.
const usualFolders = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export function findProgram(name) {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...usualFolders]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

export const chromiumPath = () => process.env.CHROMIUM_PATH ?? findProgram('chromium') ?? '/usr/bin/chromium'

function configuredFolder() {
  const program = findProgram('pg_config')
  if (program === undefined) return []
  try {
    return [execFileSync(program, ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()]
  } catch {
    return []
  }
}

function debianFolders() {
  const root = '/usr/lib/postgresql'
  if (!existsSync(root)) return []
  return readdirSync(root)
    .sort((left, right) => Number(right) - Number(left))
    .map((version) => join(root, version, 'bin'))
}

/** TEST_POSTGRES_BIN names the folder to use; `none` hides PostgreSQL from the tests. */
function findPostgres() {
  const wish = process.env.TEST_POSTGRES_BIN
  if (wish === 'none') return undefined
  if (wish !== undefined && wish !== '') return wish
  const candidates = [...configuredFolder(), ...(process.env.PATH ?? '').split(delimiter), ...debianFolders()]
  return candidates.find((folder) => isExecutable(join(folder, 'initdb')) && isExecutable(join(folder, 'postgres')))
}

function succeeds(program, args) {
  try {
    execFileSync(program, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

function findPython() {
  const names = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11']
  const isUsable = ['-c', 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))']
  return names.map(findProgram).find((path) => path !== undefined && succeeds(path, isUsable))
}

function findJava() {
  const compiler = findProgram('javac')
  const isUsable = compiler !== undefined && succeeds(compiler, ['--release', '17', '--version'])
  return isUsable && findProgram('mvn') !== undefined ? compiler : undefined
}

/** In the order in which missing ones are reported. `install`: what gives a Debian machine the capability. */
const known = [
  { name: 'postgresql', install: 'apt-get install postgresql', find: findPostgres },
  { name: 'pgbouncer', install: 'apt-get install pgbouncer', find: () => findProgram('pgbouncer') },
]

/** What `npm run test:foreign` needs besides. */
const languages = [
  { name: 'python', install: '3.11 or newer: apt-get install python3-venv', find: findPython },
  { name: 'go', install: 'apt-get install golang-go', find: () => findProgram('go') },
  { name: 'java', install: '17 or newer: apt-get install default-jdk-headless maven', find: findJava },
]

export const howToGet = (name) => [...known, ...languages].find((one) => one.name === name)?.install ?? name

export function lookAround() {
  const found = known.map(({ name, find }) => ({ name, place: find() }))
  return {
    postgresFolder: found.find(({ name }) => name === 'postgresql')?.place,
    present: found.filter(({ place }) => place !== undefined).map(({ name }) => name),
    missing: found.filter(({ place }) => place === undefined).map(({ name }) => name),
  }
}

export function lookForLanguages() {
  const found = languages.map(({ name, find }) => [name, find()])
  return {
    places: Object.fromEntries(found.filter(([, place]) => place !== undefined)),
    missing: found.filter(([, place]) => place === undefined).map(([name]) => name),
  }
}

const mark = /\[needs ([a-z0-9, ]+)\]$/

/** The title of tests that do not run: `markMissing` writes what `missingIn` reads. */
export const markMissing = (title, missing) => `${title} [needs ${missing.join(', ')}]`

export function missingIn(titles) {
  return [...new Set(titles.flatMap((title) => mark.exec(title)?.[1]?.split(', ') ?? []))]
}
