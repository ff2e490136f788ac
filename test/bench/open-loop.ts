/** Latencies with room to spare: each main row at 60 % of the rate that the closed loop reached just before. */

import { connections } from './load.js'
import { compare, type Plan } from './measure.js'
import { type OpenLoadResult, runOpenLoad } from './open-load.js'
import { type OpenLoop, type OpenRow, spreadOver } from './result.js'
import { type Scenario, scenarios } from './scenarios.js'
import type { Target } from './target.js'

/** For the command line: runs this alone. */
export const openLoopName = 'open'

const saturationPlan: Plan = { seconds: 1.2, warmUpSeconds: 2, runs: 3 }
const method = { share: 0.6, seconds: 3, runs: 5, connections } as const
/** For the code exchange: closed loop, warm-up and open loop, at most `limit` each time. */
export const openLoopCodeCount = 17_000

const names = [
  'refresh',
  'exchange',
  'client-credentials',
  'introspection',
  'discovery',
  'jwks',
  'registration',
  'tool-call',
]

async function measureTail(
  scenario: Scenario,
  target: Target,
): Promise<Omit<OpenRow, 'name' | 'label' | 'bare'> | undefined> {
  const prepared = await scenario.prepare(target)
  if (prepared === undefined) return undefined
  const { workers, server } = prepared
  const limit = scenario.limit === undefined ? {} : { limit: scenario.limit }
  try {
    const candidate = { ...target, workers, pid: server.pid }
    const closed = await compare(new Map([['closed', candidate]] as const), saturationPlan, scenario.limit)
    const saturation = closed.get('closed')?.perSecond.median ?? 0
    const arrivals = saturation * method.share
    const load = { perSecond: arrivals, seconds: method.seconds, ...limit }
    const runs: OpenLoadResult[] = []
    await runOpenLoad(workers, { ...load, seconds: 1, limit: Math.min(500, scenario.limit ?? 500) })
    while (runs.length < method.runs) runs.push(await runOpenLoad(workers, load))
    return {
      saturation,
      arrivals,
      p50Ms: spreadOver(runs.map(({ p50Ms }) => p50Ms)),
      p99Ms: spreadOver(runs.map(({ p99Ms }) => p99Ms)),
      tail: spreadOver(runs.map(({ p50Ms, p99Ms }) => p99Ms / p50Ms)),
      operations: runs.reduce((sum, { operations }) => sum + operations, 0),
      errors: runs.reduce((sum, { errors }) => sum + errors, 0),
    }
  } finally {
    await prepared.close()
  }
}

/** On one target, and on the bare engine as the yardstick; `say` tells what is measured now. */
export async function measureOpenLoop(target: Target, bare: Target, say: (line: string) => void): Promise<OpenLoop> {
  const rows: OpenRow[] = []
  for (const name of names) {
    const scenario = scenarios.find((one) => one.name === name)
    if (scenario === undefined) throw new Error(`there is no row ${name}`)
    say(`${scenario.label}, open loop …`)
    const tail = await measureTail(scenario, target)
    const bareTail = await measureTail(scenario, bare)
    if (tail === undefined) continue
    rows.push({ name, label: scenario.label, ...tail, ...(bareTail !== undefined && { bare: bareTail }) })
  }
  return {
    date: new Date().toISOString(),
    database: target.name === 'postgresql' ? 'postgresql' : 'embedded',
    method,
    rows,
  }
}
