// Before the first test: one temporary folder per run, and the answer to "is there a PostgreSQL to test on?".
// Plain JavaScript, because Jest loads it natively. Nothing is started here: clusters and templates are made when first asked for.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

function configuredFolder() {
  try {
    return [execFileSync('pg_config', ['--bindir'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()]
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

/** TEST_POSTGRES_BIN names the folder to use, or is `none` to see what a machine without PostgreSQL sees. */
function postgresFolder() {
  const wish = process.env.TEST_POSTGRES_BIN
  if (wish === 'none') return undefined
  if (wish !== undefined && wish !== '') return wish
  const candidates = [...configuredFolder(), ...(process.env.PATH ?? '').split(delimiter), ...debianFolders()]
  return candidates.find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))
}

export default function setUp() {
  const postgres = postgresFolder()
  if (postgres === undefined && process.env.CI === 'true') {
    throw new Error('CI=true, but no PostgreSQL was found: install it, its half must run')
  }
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  // Database files below belong to another user when root runs the tests; those folders are closed themselves.
  chmodSync(folder, 0o711)
  process.env.TEST_RUN_FOLDER = folder
  process.env.TEST_RUN_PID = String(process.pid)
  if (postgres !== undefined) {
    process.env.TEST_POSTGRES_BIN = postgres
    return
  }
  delete process.env.TEST_POSTGRES_BIN
  process.stderr.write(
    'No PostgreSQL found: the suite runs on the embedded database only, its PostgreSQL half was not run.\n',
  )
}
