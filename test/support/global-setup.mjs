// Before the first test: one temporary folder per run, and what this machine has (machine.mjs), told to all workers.
// Plain JavaScript, because Jest loads it natively. Nothing is started here: clusters and templates are made when first asked for.
import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { howToGet, lookAround } from './machine.mjs'

export default function setUp() {
  const { postgresFolder, present, missing } = lookAround()
  const lacks = missing.map((name) => `${name} (${howToGet(name)})`).join(', ')
  if (lacks !== '' && process.env.CI === 'true') {
    throw new Error(`CI=true demands that every test runs, and this machine lacks ${lacks}`)
  }
  if (lacks !== '')
    process.stderr.write(`This machine lacks ${lacks}: the tests that need it are skipped, and counted.\n`)
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-test-'))
  // Database files below belong to another user when root runs the tests; those folders are closed themselves.
  chmodSync(folder, 0o711)
  process.env.TEST_RUN_FOLDER = folder
  process.env.TEST_RUN_PID = String(process.pid)
  process.env.TEST_CAPABILITIES = present.join(',')
  if (postgresFolder === undefined) delete process.env.TEST_POSTGRES_BIN
  else process.env.TEST_POSTGRES_BIN = postgresFolder
}
