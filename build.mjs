// Builds what running needs: the Prisma clients, dist/ and the libraries under packages/. With --if-stale it does nothing when no source changed.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)
const stampFile = join('dist', '.stamp')
const generatedFolders = { auth: 'src/storage/generated', notes: 'src/mcp-host/generated' }

function filesUnder(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !file.includes('generated'))
    .sort()
}

function fingerprint(files) {
  const hash = createHash('sha256').update(process.version)
  for (const file of files) hash.update(file).update(readFileSync(file))
  return hash.digest('hex')
}

function run(...args) {
  return new Promise((resolve, reject) => {
    // `prisma generate` never starts the schema engine, but looks for one to download unless it is told of a file.
    const env = {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: join(process.cwd(), 'package.json'),
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    }
    const child = spawn(process.execPath, args, { env })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(output || `${args[0]} ended with ${code}`))))
  })
}

async function generate(schemaName) {
  const schemaFile = `prisma/${schemaName}/schema.prisma`
  const stamp = join(generatedFolders[schemaName], '.stamp')
  const current = fingerprint([schemaFile, 'package-lock.json'])
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === current) return
  await run(require.resolve('prisma/build/index.js'), 'generate', '--no-hints', '--schema', schemaFile)
  writeFileSync(stamp, current)
}

/** The image of a new embedded database (build-image.mjs). Making it takes a while, so it is kept until something that it is made from changes. */
async function databaseImage() {
  const madeFrom = [...filesUnder('prisma'), ...filesUnder('src/database'), 'build-image.mjs', 'package-lock.json']
  const folder = join('node_modules', '.cache', 'gatehouse-build')
  const kept = join(folder, `embedded-databases-${fingerprint(madeFrom).slice(0, 16)}.br`)
  if (existsSync(kept)) return kept
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const made = join(folder, `made-${process.pid}.br`)
  await run('build-image.mjs', made)
  renameSync(made, kept)
  return kept
}

/** Folders of the libraries. The image of the servers is built without them. */
const libraries = existsSync('packages') ? readdirSync('packages').map((name) => join('packages', name)) : []

const compiler = join(require.resolve('typescript/package.json'), '..', 'bin', 'tsc')

async function compileLibrary(folder) {
  rmSync(join(folder, 'dist'), { recursive: true, force: true })
  await run(compiler, '-p', join(folder, 'tsconfig.json'))
}

async function compile() {
  const current = fingerprint([
    ...filesUnder('src'),
    ...filesUnder('prisma'),
    ...libraries.map((folder) => join(folder, 'tsconfig.json')),
    'build-image.mjs',
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ])
  if (process.argv.includes('--if-stale') && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === current)
    return
  rmSync('dist', { recursive: true, force: true })
  await Promise.all([run(compiler, '-p', 'tsconfig.build.json'), ...libraries.map(compileLibrary)])
  copyFileSync(await databaseImage(), join('dist', 'embedded-databases.br'))
  writeFileSync(stampFile, current)
}

try {
  await Promise.all(Object.keys(generatedFolders).map(generate))
  if (!process.argv.includes('--generate-only')) {
    await compile()
    // npm makes it executable when it installs; what is compiled later would lack that, and the installed command be refused.
    chmodSync(join('dist', 'main.js'), 0o755)
  }
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
