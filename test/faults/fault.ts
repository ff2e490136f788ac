/** What a fault is, and how it is inflicted: load on, strike, load off, judge. */

import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Grant } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import type { StackProcess } from '../support/stack-process.js'
import { type Load, startLoad } from './load.js'
import { judge } from './oracle.js'
import { now, type Readiness, watchReadiness } from './readiness.js'
import type { Outcome } from './result.js'
import { processes, startWorld, type World, type WorldOptions } from './world.js'

export interface Scene {
  readonly world: World
  readonly load: Load & { readonly grant: Grant }
  readonly readiness: Readiness
  /** File of what was acknowledged (facts.ts). */
  readonly facts: string
  /** The short form, for CI. */
  readonly quick: boolean
  /** Puts down a broken promise unless it holds. */
  demand(holds: boolean, promise: string): void
  /** Demands that they all say so within `seconds` from `since`; resolves to the seconds it took, for the report. */
  demandReadiness(ready: boolean, since: number, seconds: number, all?: readonly StackProcess[]): Promise<number>
}

export interface Fault {
  /** As the plan counts them, F1 to F23; F24 to F26 are what stands before PostgreSQL, or in its place; F27 is the upgrade. */
  readonly id: string
  /** What is done. */
  readonly name: string
  /** What must hold, besides that nothing acknowledged is lost or doubled and no honest grant revoked. */
  readonly guarantee: string
  /** Is part of the quick half, which CI runs. */
  readonly quick?: true
  /** Why it cannot be done here; undefined where it can. */
  readonly unavailable?: () => string | undefined
  /** Longer than five minutes. */
  readonly longestMinutes?: number
  /** What it needs of a world of its own; without it, faults share one. */
  readonly world?: () => WorldOptions
  /** Resolves to what was measured, in words. */
  strike(scene: Scene): Promise<readonly string[]>
}

/** On a machine of unknown speed that something comes true is judged, not how soon: there each limit is so many times as long. */
const patience = 12

const longestMs = 300_000

/** What never ends is a breach like any other. */
async function bounded<T>(work: Promise<T>, limitMs = longestMs): Promise<T> {
  const late = new AbortController()
  const deadline = sleep(limitMs, undefined, { signal: late.signal, ref: false }).then(() => {
    throw new Error(`not over after ${limitMs / 1_000} s`)
  })
  try {
    return await Promise.race([work, deadline])
  } finally {
    late.abort()
    deadline.catch(() => undefined)
  }
}

export const seconds = (value: number): string => `${value < 10 ? value.toFixed(1) : Math.round(value)} s`

function summary({ counts, putOff, codesLost }: Load): string {
  const { client, tokens, note, code, redeemed, revoked } = counts
  const acknowledged = client + tokens + note + code + redeemed + revoked
  const lost = codesLost === 0 ? '' : `, ${codesLost} code exchanges cut off for good`
  return `${acknowledged} acknowledged, ${putOff} put off${lost}`
}

/** What the servers logged of requests they answered with 500, for whoever looks for the reason. */
function tellErrors(world: World): void {
  const lines = processes(world).flatMap((process) => process.output().split('\n'))
  const requestId = (line: string) => /"requestId":"([^"]+)"/.exec(line)?.[1]
  const failed = new Set(lines.filter((line) => line.includes('"status":500')).map(requestId))
  const told = lines.filter((line) => failed.has(requestId(line) ?? '') && line.includes('"err"'))
  for (const line of told.slice(-8)) process.stderr.write(`${line.slice(0, 1_500)}\n`)
}

/** Inflicts one fault upon a world and judges what is left of it. Never throws: what goes wrong is a breach. */
export async function inflict(fault: Fault, world: World, quick: boolean): Promise<Outcome> {
  const startedAt = now()
  const breaches: string[] = []
  const breach = (what: string) => void breaches.push(what)
  const facts = join(temporaryFolder('facts'), 'facts.jsonl')
  const readiness = watchReadiness(processes(world))
  let measured: readonly string[] = []
  try {
    const load = await bounded(startLoad({ world, facts, breach }))
    await sleep(quick ? 500 : 1_500)
    const scene: Scene = {
      world,
      load,
      readiness,
      facts,
      quick,
      demand: (holds, promise) => void (holds || breach(promise)),
      demandReadiness: async (ready, since, limit, all = processes(world)) => {
        const took = await readiness.until(all, ready, since, limit * 1_000 * (quick ? patience : 1))
        if (took === undefined) breach(`I8: not ${ready ? 'ready' : 'told not ready'} within ${limit} s`)
        return (took ?? Number.NaN) / 1_000
      },
    }
    try {
      measured = await bounded(fault.strike(scene), fault.longestMinutes && fault.longestMinutes * 60_000)
    } finally {
      world.relay.restore()
      await bounded(load.stop())
    }
    measured = [summary(load), ...measured]
    if (readiness.notAlive > 0) breach(`I8: ${readiness.notAlive} times a running process did not answer as live`)
    breaches.push(...(await judge(world, load.grant, facts)))
  } catch (error) {
    breach(`the run broke off: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await readiness.stop()
  }
  if (breaches.length > 0) tellErrors(world)
  const { id, name, guarantee } = fault
  return { id, name, guarantee, measured, breaches: [...new Set(breaches)], seconds: (now() - startedAt) / 1_000 }
}

function notInflicted({ id, name, guarantee }: Fault, why: Partial<Outcome>): Outcome {
  return { id, name, guarantee, measured: [], breaches: [], seconds: 0, ...why }
}

/** In a world of its own. One that does not start is a breach: the other faults go on. */
async function inflictAlone(fault: Fault, start: () => Promise<World>, quick: boolean): Promise<Outcome> {
  let own: World
  try {
    own = await start()
  } catch (error) {
    return notInflicted(fault, { breaches: [`its world did not start: ${String(error)}`] })
  }
  const outcome = await inflict(fault, own, quick)
  await own.close()
  return outcome
}

/** One after the other; a world that a fault has hurt for good is replaced. */
export async function inflictAll(
  all: readonly Fault[],
  quick: boolean,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let shared: World | undefined
  // Of an unknown machine nobody can say that a repetition comes in time.
  const patient: Record<string, string> = quick ? { REFRESH_GRACE_SECONDS: '60' } : {}
  const start = ({ env, ...rest }: WorldOptions = {}) => startWorld({ ...rest, env: { ...patient, ...env } })
  for (const fault of all) {
    const reason = fault.unavailable?.()
    let outcome: Outcome
    const { world } = fault
    if (reason !== undefined) outcome = notInflicted(fault, { notRun: reason })
    else if (world !== undefined) outcome = await inflictAlone(fault, () => start(world()), quick)
    else {
      shared ??= await start()
      outcome = await inflict(fault, shared, quick)
      if (outcome.breaches.length > 0) {
        await shared.close()
        shared = undefined
      }
    }
    outcomes.push(outcome)
    tell(outcome)
  }
  await shared?.close()
  return outcomes
}
