/** Runs one scenario against every target, in turns, so that a slow moment of the machine falls on all of them alike. */
import { type LoadResult, runLoad, type Worker } from './load.js'
import { processCpuMs } from './process-usage.js'
import { type Measurement, median, type Row, type TargetName } from './result.js'
import type { PreparedScenario, Scenario } from './scenarios.js'
import type { Target } from './target.js'

export interface Plan {
  readonly seconds: number
  readonly warmUpSeconds: number
  readonly runs: number
}

export interface Candidate {
  readonly workers: readonly Worker[]
  readonly pid: number
  readonly databaseCpuMs: Target['databaseCpuMs']
  readonly statements: Target['statements']
}

interface Usage {
  readonly serverCpuMs: number | undefined
  readonly databaseCpuMs: number | undefined
  readonly statements: number | undefined
  readonly writes: number | undefined
}

async function usageOf({ pid, databaseCpuMs, statements }: Candidate): Promise<Usage> {
  const counts = await statements()
  return {
    serverCpuMs: processCpuMs(pid),
    databaseCpuMs: databaseCpuMs(),
    statements: counts?.statements,
    writes: counts?.writes,
  }
}

interface Run extends LoadResult {
  readonly used: Usage
}

async function run(candidate: Candidate, limits: { seconds: number; limit?: number }): Promise<Run> {
  const before = await usageOf(candidate)
  const result = await runLoad(candidate.workers, limits)
  const after = await usageOf(candidate)
  const difference = (key: keyof Usage) => {
    const [from, to] = [before[key], after[key]]
    return from === undefined || to === undefined ? undefined : to - from
  }
  const used = {
    serverCpuMs: difference('serverCpuMs'),
    databaseCpuMs: difference('databaseCpuMs'),
    statements: difference('statements'),
    writes: difference('writes'),
  }
  return { ...result, used }
}

function summarise(runs: readonly Run[]): Measurement {
  const rates = runs.map(({ perSecond }) => perSecond)
  const operations = runs.reduce((sum, one) => sum + one.operations, 0)
  const perOperation = (key: keyof Usage) => {
    const amounts = runs.flatMap(({ used }) => used[key] ?? [])
    return amounts.length === 0 ? {} : { [key]: amounts.reduce((sum, amount) => sum + amount, 0) / operations }
  }
  return {
    perSecond: { median: median(rates), min: Math.min(...rates), max: Math.max(...rates), runs: rates },
    p50Ms: median(runs.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(runs.map(({ p99Ms }) => p99Ms)),
    operations,
    ...perOperation('serverCpuMs'),
    ...perOperation('databaseCpuMs'),
    ...perOperation('statements'),
    ...perOperation('writes'),
  }
}

/** Warms every candidate up, then runs each in turn, as often as the plan says. */
export async function compare<Name extends string>(
  candidates: ReadonlyMap<Name, Candidate>,
  { seconds, warmUpSeconds, runs }: Plan,
  limit?: number,
): Promise<Map<Name, Measurement>> {
  const limits = (allowed: number, share: number) =>
    limit === undefined ? { seconds: allowed } : { seconds: allowed, limit: Math.ceil(limit * share) }
  for (const candidate of candidates.values()) await runLoad(candidate.workers, limits(warmUpSeconds, 0.3))
  const done = new Map<Name, Run[]>()
  for (let round = 0; round < runs; round += 1) {
    for (const [name, candidate] of candidates) {
      done.set(name, [...(done.get(name) ?? []), await run(candidate, limits(seconds, 1))])
    }
  }
  return new Map([...done].map(([name, all]) => [name, summarise(all)]))
}

/** One row of the table. */
export async function measureScenario(scenario: Scenario, targets: readonly Target[], plan: Plan): Promise<Row> {
  const candidates = new Map<TargetName, Candidate>()
  const open: PreparedScenario[] = []
  for (const target of targets) {
    const prepared = await scenario.prepare(target)
    if (prepared === undefined) continue
    open.push(prepared)
    candidates.set(target.name, { ...target, workers: prepared.workers, pid: prepared.server.pid })
  }
  const results = Object.fromEntries(await compare(candidates, plan, scenario.limit))
  for (const prepared of open) await prepared.close()
  return { name: scenario.name, label: scenario.label, results }
}
