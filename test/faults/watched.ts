/** What can be seen of the servers from outside while something is done to them: how fast they answer, what they use. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scene } from './fault.js'
import { now } from './readiness.js'

/** CPU seconds that a process has used. `undefined` where the system does not say. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // utime and stime, in hundredths of a second.
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}

/** Megabytes of memory that a process holds. NaN where the system does not say. */
export function residentMegabytes(pid: number): number {
  try {
    return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024
  } catch {
    return Number.NaN
  }
}

/** Files and connections this process may hold open. */
export function openFileLimit(): number {
  try {
    return Number(/Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1] ?? Number.NaN)
  } catch {
    return 1_024
  }
}

/** The one that 99 of 100 stay below. */
export function p99(times: readonly number[]): number {
  const sorted = [...times].sort((left, right) => left - right)
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0
}

/** Milliseconds of the answers at a path since the proxy had given `from` answers. */
function timesOf({ world }: Scene, path: string, from: number): number[] {
  return world.front.answers.slice(from).flatMap((answer) => (answer.path === path ? [answer.milliseconds] : []))
}

/** Milliseconds, p99. */
interface Speed {
  readonly token: number
  readonly jwks: number
}

/** How fast honest clients are answered while `work` lasts. */
async function speedDuring<T>(scene: Scene, work: () => Promise<T>): Promise<{ speed: Speed; result: T }> {
  const from = scene.world.front.answers.length
  let isOver = false
  const asking = (async () => {
    while (!isOver) {
      await fetch(`${scene.world.issuer}/jwks`)
        .then((response) => response.text())
        .catch(() => undefined)
      await sleep(25)
    }
  })()
  try {
    const result = await work()
    return { result, speed: { token: p99(timesOf(scene, '/token', from)), jwks: p99(timesOf(scene, '/jwks', from)) } }
  } finally {
    isOver = true
    await asking
  }
}

export interface Watched<T> {
  readonly result: T
  /** For the report. */
  readonly words: string
}

/**
 * Does it while honest clients are watched, and before that watches them without it: their p99 may at most double, where it is above
 * `floorMs`; no server of tokens holds more than `megabytes` more than before. In the quick run only the words are made of it.
 */
export async function whileWatched<T>(
  scene: Scene,
  limits: { readonly floorMs: number; readonly megabytes: number },
  work: () => Promise<T>,
): Promise<Watched<T>> {
  const { world, quick, demand } = scene
  const { speed: base } = await speedDuring(scene, () => sleep(quick ? 500 : 4_000))
  const memory = () => world.auth.map(({ pid }) => residentMegabytes(pid))
  const before = memory()
  let most = 0
  const timer = setInterval(() => {
    for (const [index, held] of memory().entries()) most = Math.max(most, held - (before[index] ?? Number.NaN))
  }, 100)
  const startedAt = now()
  try {
    const { speed, result } = await speedDuring(scene, work)
    for (const path of ['token', 'jwks'] as const) {
      const limit = Math.max(2 * base[path], limits.floorMs)
      demand(
        quick || speed[path] <= limit,
        `/${path}: p99 is ${Math.round(speed[path])} ms, ${Math.round(base[path])} before`,
      )
    }
    demand(quick || most <= limits.megabytes, `a server came to hold ${Math.round(most)} MB more than before`)
    const [tokens, jwks] = (['token', 'jwks'] as const).map(
      (path) => `/${path} ${Math.round(base[path])} → ${Math.round(speed[path])} ms`,
    )
    const lasted = Math.round((now() - startedAt) / 1_000)
    return { result, words: `for ${lasted} s p99 of ${tokens}, of ${jwks}; ${Math.round(most)} MB more held at most` }
  } finally {
    clearInterval(timer)
  }
}
