// The libraries of each language, installed from pinned manifests into a cache of this checkout.
// Plain JavaScript, because Jest's global set-up loads it natively.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))
const cache = fileURLToPath(new URL('../../node_modules/.cache/gatehouse-foreign', import.meta.url))

const output = (program, args, options = {}) =>
  execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], ...options }).trim()

// Standard output belongs to Jest's report.
const run = (program, args, options = {}) => execFileSync(program, args, { stdio: ['ignore', 2, 2], ...options })

/** What `ask` answers; `undefined` if the program is missing or fails. */
function attempt(ask) {
  try {
    return ask()
  } catch {
    return undefined
  }
}

/** A folder of the cache that belongs to exactly these contents. Filled once: a folder that was left half filled is made again. */
function filledOnce(name, contents, fill) {
  const hash = createHash('sha256').update(contents.join('\0')).digest('hex').slice(0, 16)
  const folder = join(cache, `${name}-${hash}`)
  const complete = join(folder, '.complete')
  if (existsSync(complete)) return folder
  process.stderr.write(`Installing the ${name} libraries of test/foreign.\n`)
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  fill(folder)
  writeFileSync(complete, '')
  return folder
}

/** The path of a virtual environment's interpreter. */
function preparePython(python) {
  const manifest = join(here, 'python', 'requirements.txt')
  const version = output(python, ['-c', 'import sys; print(sys.executable, sys.version)'])
  const folder = filledOnce('python', [version, readFileSync(manifest)], (target) => {
    run(python, ['-m', 'venv', target])
    const pinned = ['--require-hashes', '--no-deps', '--only-binary', ':all:', '-r', manifest]
    run(join(target, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...pinned])
  })
  return join(folder, 'bin', 'python')
}

/** Of the Go release that builds the programs: a distribution's older one fetches it through Go's own module proxy. */
const goRelease = '1.26.8'
const goSums = {
  'linux-amd64': 'h1:ZOmGe1OnfREDMIdb1Qi4G9JSuDPBLGExZMQ4nis1RXM=',
  'linux-arm64': 'h1:sYL/O6MqS68ML0kjsQ36WoYIpJqkw60TxizWUYUKQMc=',
}

function goEnvironment() {
  const flags = `${process.env.GOFLAGS ?? ''} -modcacherw`.trim()
  const folders = { GOMODCACHE: join(cache, 'go-modules'), GOCACHE: join(cache, 'go-build') }
  return { ...process.env, ...folders, GOFLAGS: flags, GOTOOLCHAIN: 'local', GOWORK: 'off', CGO_ENABLED: '0' }
}

const goPlatform = () => `${process.platform}-${process.arch === 'x64' ? 'amd64' : process.arch}`

function isNewEnoughGo(go) {
  const [major = 0, minor = 0] = output(go, ['env', 'GOVERSION']).replace(/^go/, '').split('.').map(Number)
  const [neededMajor = 0, neededMinor = 0] = goRelease.split('.').map(Number)
  return major > neededMajor || (major === neededMajor && minor >= neededMinor)
}

function fetchGo(go) {
  const version = `v0.0.1-go${goRelease}.${goPlatform()}`
  const expected = goSums[goPlatform()]
  if (expected === undefined) throw new Error(`test/foreign needs Go ${goRelease} or newer, found ${go} is older`)
  mkdirSync(cache, { recursive: true })
  const options = { env: goEnvironment(), cwd: cache, stdio: ['ignore', 'pipe', 2] }
  const { Dir: folder, Sum: sum } = JSON.parse(
    output(go, ['mod', 'download', '-json', `golang.org/toolchain@${version}`], options),
  )
  if (sum !== expected) throw new Error(`golang.org/toolchain@${version} has the hash ${sum}`)
  // A module's files are not executable.
  const tools = join(folder, 'pkg', 'tool', goPlatform().replace('-', '_'))
  for (const file of readdirSync(tools)) chmodSync(join(tools, file), 0o755)
  for (const file of readdirSync(join(folder, 'bin'))) chmodSync(join(folder, 'bin', file), 0o755)
  return join(folder, 'bin', 'go')
}

/** Builds packages of test/foreign/go into a folder. `flags`: further ones of `go build`. */
export function buildGo(found, folder, packages, flags = []) {
  const go = isNewEnoughGo(found) ? found : fetchGo(found)
  mkdirSync(folder, { recursive: true })
  const options = { env: { ...goEnvironment(), GOROOT: '' }, cwd: join(here, 'go') }
  run(go, ['build', '-mod=readonly', '-trimpath', ...flags, '-o', `${folder}/`, ...packages], options)
}

/** The folder of the built programs. */
function prepareGo(found) {
  const folder = join(cache, 'go-programs')
  buildGo(found, folder, ['./...'])
  return folder
}

/** The folder of the programs, with their node_modules beside them. */
function prepareTypeScript() {
  const folder = join(here, 'typescript')
  const lock = readFileSync(join(folder, 'package-lock.json'))
  const marker = join(folder, 'node_modules', '.installed')
  const hash = createHash('sha256').update(lock).digest('hex')
  if (attempt(() => readFileSync(marker, 'utf8')) === hash) return folder
  process.stderr.write('Installing the typescript libraries of test/foreign.\n')
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder })
  writeFileSync(marker, hash)
  return folder
}

/** Throws an Error unless the folder holds exactly the files of the list, with these contents. Maven has no lock file. */
function demandHashes(folder, list) {
  const hashOf = (file) =>
    createHash('sha256')
      .update(readFileSync(join(folder, file)))
      .digest('hex')
  const found = readdirSync(folder)
    .sort()
    .map((file) => `${hashOf(file)}  ${file}`)
  const expected = list.trim().split('\n')
  const unexpected = found.filter((line) => !expected.includes(line))
  const missing = expected.filter((line) => !found.includes(line))
  if (unexpected.length + missing.length === 0) return
  throw new Error(`${folder} differs from its list of hashes: ${[...unexpected, 'instead of', ...missing].join('\n')}`)
}

function prepareJava(javac) {
  const file = (name) => join(here, 'java', name)
  const [program, manifest, hashes] = ['foreign/SpringSecurityClient.java', 'pom.xml', 'libraries.sha256'].map(file)
  return filledOnce(
    'java',
    [program, manifest, hashes].map((name) => readFileSync(name)),
    (target) => {
      const [lib, classes] = ['lib', 'classes'].map((name) => join(target, name))
      const properties = { 'maven.repo.local': join(cache, 'maven'), outputDirectory: lib, includeScope: 'runtime' }
      const flags = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
      const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
      run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', '--file', manifest, ...flags, goal])
      demandHashes(lib, readFileSync(hashes, 'utf8'))
      run(javac, ['-classpath', join(lib, '*'), '-d', classes, program])
    },
  )
}

const prepare = { python: preparePython, go: prepareGo, java: prepareJava }

/**
 * Installs the libraries of each language. `places`: interpreter or compiler by language. Returns where the programs of each run:
 * an interpreter (python), a folder of programs (go, typescript), a folder with `classes` and `lib` (java).
 */
export function installLibraries(places) {
  const prepared = Object.entries(places).map(([language, place]) => [language, prepare[language](place)])
  return { ...Object.fromEntries(prepared), typescript: prepareTypeScript() }
}
