/**
 * `npm run faults`: inflicts the faults of the plan upon a real stack under load, judges what is left, and says so. Needs
 * PostgreSQL's binaries. `-- soak --minutes 120` only that; `-- --quick` the half that CI runs, in short; `-- F1 F9` only these; `-- --save` also
 * writes docs/faults.json, or the rows of these in it, from which `npm run docs` makes the manual's table; `--json --outputFile=…`
 * counts as Jest does.
 */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import os from 'node:os'
import { allFaults } from './all.js'
import { inflictAll } from './fault.js'
import { countsOf, type FaultResult, lineOf, readSaved, savedFile } from './result.js'
import { minutesForSlope, soak } from './soak.js'

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

function machine(postgresFolder: string): FaultResult['machine'] {
  const version = execFileSync(`${postgresFolder}/postgres`, ['--version'], { encoding: 'utf8' })
  const cpus = os.cpus()
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus.length,
    node: process.versions.node,
    postgresql: /(\d+(?:\.\d+)?)/.exec(version)?.[1] ?? '',
  }
}

/** Of a soak, if that is what is asked for. */
function minutesOf(args: readonly string[]): number | undefined {
  if (!args.includes('soak')) return undefined
  const minutes = Number(args[args.indexOf('--minutes') + 1])
  if (!args.includes('--minutes') || !Number.isFinite(minutes) || minutes <= 0)
    throw new Error('say for how long: soak --minutes 120')
  return minutes
}

/** Runs, shows and writes down, as the arguments say; resolves to the exit status. */
export async function faults(args: readonly string[]): Promise<number> {
  const postgresFolder = process.env['TEST_POSTGRES_BIN']
  if (postgresFolder === undefined) throw new Error('no PostgreSQL was found on this machine')
  const quick = args.includes('--quick')
  const save = args.includes('--save')
  const names = args.filter((arg) => /^F\d+$/.test(arg))
  const unknown = names.filter((name) => !allFaults.some(({ id }) => id === name))
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}`)
  // The whole plan goes on without what this machine cannot do, and says so; what is asked for by name has to be done.
  for (const { id, unavailable } of allFaults) {
    const reason = names.includes(id) ? unavailable?.() : undefined
    if (reason !== undefined) throw new Error(`${id} cannot be inflicted here: ${reason}`)
  }
  const minutes = minutesOf(args)
  if (save && (quick || (minutes ?? minutesForSlope) < minutesForSlope))
    throw new Error(`--save needs faults at full length, and a soak of ${minutesForSlope} minutes`)
  const planned = allFaults.filter((fault) =>
    names.length > 0 ? names.includes(fault.id) : !quick || fault.quick === true,
  )
  const wanted = minutes === undefined ? planned : [soak(minutes)]
  const outcomes = await inflictAll(wanted, quick, (outcome) => say(lineOf(outcome)))
  const counts = countsOf(outcomes)
  const output = args.find((arg) => arg.startsWith('--outputFile='))?.slice('--outputFile='.length)
  if (output !== undefined) writeFileSync(output, JSON.stringify(counts))
  if (save) {
    const known = wanted.length === allFaults.length ? [] : readSaved().outcomes
    const rows = outcomes.concat(known.filter(({ id }) => !wanted.some((fault) => fault.id === id)))
    const inOrder = allFaults.flatMap(({ id }) => rows.filter((row) => row.id === id))
    const result = { date: new Date().toISOString(), machine: machine(postgresFolder), outcomes: inOrder }
    writeFileSync(savedFile, `${JSON.stringify(result, null, 2)}\n`)
  }
  say(`${counts['numPassedTests']} held, ${counts['numFailedTests']} broken, ${counts['numPendingTests']} not run here`)
  return counts['numFailedTests'] === 0 ? 0 : 1
}
