// `npm run test:mutations`: plants one fault after the other (faults.ts) and demands that its test file fails. `-- --file oauth/scope` those
// of one file alone. Nothing is written to src/: the loader of the tests plants the fault in what it loads.
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import '../support/typescript-loader.mjs'

const { faults } = await import('./faults.ts')
const root = fileURLToPath(new URL('../..', import.meta.url))
const jest = join(root, 'node_modules/jest/bin/jest.js')
const atOnce = 2

const { values } = parseArgs({ options: { file: { type: 'string' } } })
const chosen = faults.filter(({ file }) => values.file === undefined || file.startsWith(values.file))

const reports = mkdtempSync(join(tmpdir(), 'gatehouse-mutations-'))
let runs = 0

/** Jest's report on these test files of the unit tier. */
async function run(names, fault) {
  runs += 1
  const report = join(reports, `${runs}.json`)
  const files = names.map((name) => join(root, 'test', `${name}.test.ts`))
  const args = ['--config', 'jest.unit.config.js', '--runInBand', '--silent', '--json', `--outputFile=${report}`]
  const env = { ...process.env, ...(fault !== undefined && { PLANTED_FAULT: JSON.stringify(fault) }) }
  const child = spawn(process.execPath, [jest, ...args, '--runTestsByPath', ...files], {
    cwd: root,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let printed = ''
  child.stderr.on('data', (chunk) => {
    printed += chunk
  })
  await new Promise((resolve) => child.once('close', resolve))
  if (!existsSync(report)) throw new Error(`Jest wrote no report:\n${printed}`)
  return JSON.parse(readFileSync(report, 'utf8'))
}

/** `noticed`, `survived`, or what kept the tests from being run: then the fault is none that a program could have. */
async function outcomeOf(fault) {
  const report = await run([fault.noticedBy], fault)
  const broken = report.testResults.find(({ assertionResults }) => assertionResults.length === 0)
  if (broken !== undefined) return `not run: ${broken.message.split('\n')[0]}`
  return report.numFailedTests > 0 ? 'noticed' : 'survived'
}

const sound = await run([...new Set(chosen.map(({ noticedBy }) => noticedBy))])
if (!sound.success || sound.numTotalTests === 0) throw new Error('these tests fail without a fault')

const waiting = [...chosen]
let noticed = 0
async function work() {
  for (let fault = waiting.shift(); fault !== undefined; fault = waiting.shift()) {
    const outcome = await outcomeOf(fault)
    if (outcome === 'noticed') noticed += 1
    const { file, code, fault: planted, noticedBy } = fault
    process.stdout.write(
      `${outcome.padEnd(9)} ${file}: ${JSON.stringify(code)} → ${JSON.stringify(planted)} (${noticedBy})\n`,
    )
  }
}
await Promise.all(Array.from({ length: atOnce }, work))
rmSync(reports, { recursive: true, force: true })
process.stdout.write(`${noticed} of ${chosen.length} planted faults were noticed\n`)
if (noticed < chosen.length) process.exitCode = 1
