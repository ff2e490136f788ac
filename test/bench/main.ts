/**
 * `npm run bench`: measures the stack on PostgreSQL and on the embedded database beside the bare engine, in ten minutes.
 * Owns the order of things and where results go. This process is the load generator; everything measured runs in its own.
 * `-- --save` also writes docs/bench.json, from which `npm run docs` makes the manual's table; `-- refresh jwks` runs only
 * those rows, `-- refresh-beside-100k-clients` the measurement of that name. Runs of their own, each saved beside the others:
 * `-- library` the library's guard in each framework, `-- first-sight` tokens that it has not seen before, `-- revocations`, `-- resources` many of them,
 * `-- open` latencies at a fixed rate of arrivals,
 * `-- big` the same beside millions of rows, `-- peer` better-auth on the same PostgreSQL, `-- statements` one statement by each way to it.
 */
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type Postgres, startPostgres } from '../support/postgres.js'
import { crowdName, measureCrowd } from './crowd.js'
import { openDatabaseStatistics } from './database-statistics.js'
import { measureGuard, measurePasswordCheck, measureVerification } from './guard.js'
import { firstSightName, measureFirstSight } from './library/first-sight.js'
import { libraryName, measureLibrary } from './library/measure.js'
import { connections, runLoad } from './load.js'
import { measureScenario, type Plan } from './measure.js'
import { measureOpenLoop, openLoopCodeCount, openLoopName } from './open-loop.js'
import { measurePeer, peerName } from './peer/measure.js'
import { measureManyResources, resourcesName } from './resources.js'
import { type BenchResult, benchResult, type OpenLoop, type Row, type StartTime } from './result.js'
import { measureRevocations, revocationsName } from './revocations.js'
import { scenarios } from './scenarios.js'
import { measureStatements, statementsName } from './statements.js'
import { renderTerminal } from './table.js'
import { measureTableSizes, tableSizesName } from './table-sizes.js'
import type { Target } from './target.js'
import { type StackOptions, startBareEngine, startEmbeddedStack, startPostgresStack } from './targets.js'

const plan: Plan = { seconds: 1.2, warmUpSeconds: 0.7, runs: 5 }
/** Before the first row, of each target: a server is slow until its code was compiled, and ours is more code than the yardstick. */
const firstWarmUp = { seconds: 14, limit: 12_000 }
/** For the runs of the code exchange with its warm-up, and one for each connection that refreshes. */
const codeCount = 9_800

const root = new URL('../../', import.meta.url)
const savedFile = fileURLToPath(new URL('docs/bench.json', root))

const packageVersion = z.object({ version: z.string() })

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}

function commit(): string | undefined {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return undefined
  }
}

async function machine(): Promise<BenchResult['machine']> {
  const bin = process.env['TEST_POSTGRES_BIN']
  const version = bin === undefined ? '' : execFileSync(`${bin}/postgres`, ['--version'], { encoding: 'utf8' })
  const postgresql = /(\d+(?:\.\d+)?)/.exec(version)?.[1]
  const cpus = os.cpus()
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown CPU',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.machine()}`,
    node: process.versions.node,
    engine: packageVersion.parse(createRequire(import.meta.url)('oidc-provider/package.json')).version,
    ...(postgresql !== undefined && { postgresql }),
  }
}

async function startOnPostgres(postgres: Postgres, options: StackOptions): Promise<Target> {
  const statistics = await openDatabaseStatistics(postgres)
  if (statistics === undefined) say('pg_stat_statements is missing: statements are not counted')
  const target = await startPostgresStack(postgres, statistics, options)
  const close = async () => {
    await target.close()
    await statistics?.close()
  }
  return { ...target, close }
}

async function startTargets(postgres: Postgres | undefined, starts: StartTime[]): Promise<Target[]> {
  const options = { codeCount, starts }
  say('starting the bare engine, and the stack on each database …')
  const targets = [await startBareEngine(codeCount), await startEmbeddedStack(options)]
  return postgres === undefined ? targets : [...targets, await startOnPostgres(postgres, options)]
}

/** The way every token goes, one target after the other. */
async function warmUp(targets: readonly Target[]): Promise<void> {
  say('warming up …')
  const scenario = scenarios.find(({ name }) => name === 'refresh')
  for (const target of targets) {
    const prepared = await scenario?.prepare(target)
    if (prepared === undefined) continue
    await runLoad(prepared.workers, firstWarmUp)
    await prepared.close()
  }
}

async function measureAll(targets: readonly Target[], names: readonly string[]): Promise<Row[]> {
  const rows: Row[] = []
  for (const scenario of scenarios) {
    if (names.length > 0 && !names.includes(scenario.name)) continue
    say(`${scenario.label} …`)
    rows.push(await measureScenario(scenario, targets, plan))
  }
  return rows
}

async function postgresIfAny(): Promise<Postgres | undefined> {
  return process.env['TEST_POSTGRES_BIN'] === undefined ? undefined : startPostgres()
}

/** The stack on PostgreSQL where there is one, and the bare engine. */
async function openLoop(): Promise<OpenLoop> {
  const postgres = await postgresIfAny()
  const options = { codeCount: openLoopCodeCount, starts: [] }
  say('starting the stack and the bare engine …')
  const open: Target[] = []
  try {
    const target = await (postgres === undefined ? startEmbeddedStack(options) : startOnPostgres(postgres, options))
    open.push(target)
    const bare = await startBareEngine(openLoopCodeCount)
    open.push(bare)
    await warmUp(open)
    return await measureOpenLoop(target, bare, say)
  } finally {
    await Promise.allSettled(open.map((one) => one.close()))
    await postgres?.stop()
  }
}

async function measure(names: readonly string[]): Promise<BenchResult> {
  const starts: StartTime[] = []
  const postgres = await postgresIfAny()
  let targets: Target[] = []
  try {
    const passwordCheckCpuMs = await measurePasswordCheck()
    targets = await startTargets(postgres, starts)
    await warmUp(targets)
    const rows = await measureAll(targets, names)
    say('the guard …')
    const stack = targets.find(({ mcpUrl }) => mcpUrl !== undefined)
    if (stack === undefined) throw new Error('no whole stack was started')
    const isCrowdWanted = postgres !== undefined && (names.length === 0 || names.includes(crowdName))
    if (isCrowdWanted) say('a crowd of registered clients …')
    const crowd = isCrowdWanted ? await measureCrowd(postgres) : undefined
    const hash = commit()
    return {
      date: new Date().toISOString(),
      ...(hash !== undefined && { commit: hash }),
      machine: await machine(),
      method: { seconds: plan.seconds, runs: plan.runs, connections },
      rows,
      guard: await measureGuard(stack),
      ...(crowd !== undefined && { crowd }),
      verification: await measureVerification(stack),
      passwordCheckCpuMs,
      starts,
    }
  } finally {
    await Promise.allSettled(targets.map((target) => target.close()))
    await postgres?.stop()
  }
}

function write(result: BenchResult, save: boolean): void {
  const text = `${JSON.stringify(result, (_key, value) => (typeof value === 'number' ? Math.round(value * 1000) / 1000 : value), 2)}\n`
  const folder = new URL('bench-results/', root)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${result.date.replaceAll(':', '-')}.json`, folder), text)
  if (save) writeFileSync(savedFile, text)
}

function saved(): BenchResult {
  return benchResult.parse(JSON.parse(readFileSync(savedFile, 'utf8')))
}

async function onPostgres<Result>(work: (postgres: Postgres) => Promise<Result>): Promise<Result> {
  const postgres = await startPostgres()
  try {
    return await work(postgres)
  } finally {
    await postgres.stop()
  }
}

/** Runs of their own: with the rest it would be more than five minutes. */
const ownRuns: Readonly<Record<string, () => Promise<Partial<BenchResult>>>> = {
  [libraryName]: async () => ({ library: await measureLibrary() }),
  [firstSightName]: async () => ({ firstSight: await measureFirstSight() }),
  [revocationsName]: async () => ({
    revocations: await measureRevocations(process.env['TEST_POSTGRES_BIN'] !== undefined),
  }),
  [resourcesName]: async () => ({ manyResources: await measureManyResources(say) }),
  [tableSizesName]: () => onPostgres(async (postgres) => ({ tableSizes: await measureTableSizes(postgres, say) })),
  [peerName]: () => onPostgres(async (postgres) => ({ peer: await measurePeer(postgres, say) })),
  [statementsName]: () => onPostgres(async (postgres) => ({ statements: await measureStatements(postgres) })),
  [openLoopName]: async () => ({ openLoop: await openLoop() }),
}

/** What the main run does not measure. */
function measuredAlone(): Partial<BenchResult> {
  const keys = [
    'library',
    'firstSight',
    'revocations',
    'manyResources',
    'openLoop',
    'tableSizes',
    'peer',
    'statements',
  ] as const
  const before = saved()
  return Object.fromEntries(keys.flatMap((key) => (before[key] === undefined ? [] : [[key, before[key]]])))
}

/** Runs, shows and writes down, as the arguments say. */
export async function bench(args: readonly string[]): Promise<void> {
  const save = args.includes('--save')
  const names = args.filter((arg) => !arg.startsWith('--'))
  const own = Object.keys(ownRuns).filter((name) => names.includes(name))
  if (own.length > 0 && own.length < names.length) throw new Error(`runs of their own: ${own.join(', ')}`)
  for (const name of own) {
    const result = { ...saved(), ...(await ownRuns[name]?.()) }
    if (save) write(result, true)
    process.stdout.write(`\n${renderTerminal(result)}`)
  }
  if (own.length > 0) return
  if (save && names.length > 0) throw new Error('--save needs all rows')
  const result = { ...measuredAlone(), ...(await measure(names)) }
  write(result, save)
  process.stdout.write(`\n${renderTerminal(result)}`)
}
