// `npm run fuzz`: every target under libFuzzer, by coverage, one after the other.
// `-- --target json-rpc` that one alone (may be repeated); `-- --seconds 600` so long for each, 180 unless told; `-- --input file` one
// input again, without the engine; `-- --list` the targets. `-- --quick` what CI runs: the seeds and a number of inputs that is always the
// same, from a seed that is always the same. `--json --outputFile=…` counts as Jest does.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import '../support/typescript-loader.mjs'
import { loadNativeEngine } from './native-engine.mjs'

const { judge } = await import('./judge.ts')
const { targetNamed, targets } = await import('./targets.ts')

const folder = fileURLToPath(new URL('.', import.meta.url))
const root = join(folder, '../..')
/** Git ignores both: inputs that broke an invariant, and what earlier runs found worth keeping. */
const findings = join(folder, 'findings')
const found = join(folder, 'found')
const quickRuns = 2_000
/** Starting takes longer than the inputs of a quick run. */
const atOnce = 2

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string', default: '180' },
    input: { type: 'string' },
    list: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    outputFile: { type: 'string' },
  },
})

function say(line) {
  process.stdout.write(`${line}\n`)
}

/** Why the engine does not load on this machine; `undefined` if it does. */
function missingEngine() {
  try {
    loadNativeEngine()
    return undefined
  } catch (error) {
    return String(error.message).split('\n')[0]
  }
}

/** Resolves to the exit code and everything that was printed. */
function run(name, args) {
  const loader = join(root, 'test/support/typescript-loader.mjs')
  const child = spawn(process.execPath, ['--import', loader, join(folder, 'run-target.mjs'), name, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  return new Promise((resolve) => child.on('exit', (code) => resolve({ code, output })))
}

/** The last line of libFuzzer that tells how far it came, in short. */
function progressIn(output) {
  const last = output.split('\n').findLast((line) => /^#\d+\s/.test(line)) ?? ''
  const [, inputs = '0'] = /^#(\d+)/.exec(last) ?? []
  const [, edges = '0'] = /cov: (\d+)/.exec(last) ?? []
  return `${inputs} inputs, ${edges} edges`
}

function complain(name, output) {
  const start = output.search(/Uncaught Exception|ERROR: libFuzzer|^\S*Error: /m)
  say(
    output
      .slice(Math.max(0, start))
      .split('\n')
      .slice(0, 16)
      .map((line) => `    ${line.slice(0, 600)}`)
      .join('\n'),
  )
  const [, file] = /Test unit written to (\S+)/.exec(output) ?? []
  if (file === undefined) return
  say(`    the input is ${relative(process.cwd(), file)}; again:`)
  say(`    npm run fuzz -- --target ${name} --input ${relative(root, file)}`)
}

async function fuzz({ name }, ownSeeds) {
  const mine = join(findings, name)
  mkdirSync(mine, { recursive: true })
  mkdirSync(ownSeeds, { recursive: true })
  const bound = values.quick ? [`-runs=${quickRuns}`, '-seed=20261130'] : [`-max_total_time=${values.seconds}`]
  const started = Date.now()
  const { code, output } = await run(name, [
    ownSeeds,
    join(folder, 'corpus', name),
    ...bound,
    `-artifact_prefix=${mine}/`,
    '-print_final_stats=0',
  ])
  const seconds = Math.round((Date.now() - started) / 1000)
  say(`${code === 0 ? '✓' : '✗'} ${name}: ${progressIn(output)} (${seconds} s)`)
  if (code !== 0) complain(name, output)
  return code === 0
}

function count(passed, failed, pending) {
  const counts = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: pending,
    numTotalTests: targets.length,
  }
  if (values.outputFile !== undefined) writeFileSync(values.outputFile, JSON.stringify(counts))
}

async function runAgain(file) {
  const [name] = values.target ?? []
  if (name === undefined) throw new Error('say which target: --target <name> --input <file>')
  await judge(await targetNamed(name).load(), readFileSync(file))
  say(`${name}: every invariant holds for ${file}`)
}

async function fuzzAll(chosen) {
  const missing = missingEngine()
  if (missing !== undefined) {
    process.stderr.write(`not run: ${chosen.length} targets need the prebuilt engine of jazzer.js (${missing})\n`)
    count(0, 0, chosen.length)
    // As with tests: CI demands that nothing was skipped.
    return process.env.CI === 'true' ? 1 : 0
  }
  // Always the same inputs: nothing that an earlier run found may be among them.
  const fresh = values.quick ? mkdtempSync(join(tmpdir(), 'gatehouse-fuzz-')) : undefined
  const results = []
  try {
    const left = [...chosen]
    const work = async () => {
      for (let target = left.shift(); target !== undefined; target = left.shift()) {
        results.push(await fuzz(target, join(fresh ?? found, target.name)))
      }
    }
    await Promise.all(Array.from({ length: values.quick ? atOnce : 1 }, work))
  } finally {
    if (fresh !== undefined) rmSync(fresh, { recursive: true })
  }
  const failed = results.filter((held) => !held).length
  count(results.length - failed, failed, 0)
  say(`${results.length - failed} held, ${failed} broken`)
  return failed === 0 ? 0 : 1
}

const chosen = values.target?.map(targetNamed) ?? targets
if (values.list) for (const { load } of chosen) await load().then(({ name, surface }) => say(`${name}: ${surface}`))
else if (values.input !== undefined) await runAgain(values.input)
else process.exitCode = await fuzzAll(chosen)
