/** Asks every process all the time whether it is ready and alive, past the proxies (invariant I8). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { StackProcess } from '../support/stack-process.js'

export interface Readiness {
  /** Milliseconds from `since` until all of these said so, and said so ever after until now; undefined when `limitMs` is over. */
  until(all: readonly StackProcess[], ready: boolean, since: number, limitMs: number): Promise<number | undefined>
  /** Times a process that runs did not answer that it is alive. */
  readonly notAlive: number
  stop(): Promise<void>
}

const intervalMs = 50
/** What a process that ends by itself may take from its last word to its end. */
const endedMs = 2_000

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) })
    await response.text()
    return response.ok
  } catch {
    return false
  }
}

/** The present time, for `since`. */
export const now = (): number => performance.now()

export function watchReadiness(all: readonly StackProcess[]): Readiness {
  /** What each said last, and since when it says so. */
  const said = new Map<StackProcess, { ready: boolean; since: number; asked: number; answered: number }>()
  let stopped = false
  let notAlive = 0
  const watch = async (process: StackProcess) => {
    const [origin = ''] = process.origins
    while (!stopped) {
      const asked = now()
      const ready = await answers(`${origin}/health/ready`)
      const last = said.get(process)
      const answered = now()
      said.set(process, { ready, asked, answered, since: last?.ready === ready ? last.since : answered })
      await sleep(intervalMs)
    }
  }
  const watchLife = async (process: StackProcess) => {
    const [origin = ''] = process.origins
    while (!stopped) {
      const { isRunning: wasRunning, pid } = process
      const alive = await answers(`${origin}/health/live`)
      // Of one that has just ended by itself nobody has heard yet.
      if (!alive) await sleep(endedMs)
      if (!alive && wasRunning && process.isRunning && process.isServing && process.pid === pid) notAlive += 1
      await sleep(intervalMs * 4)
    }
  }
  const watching = Promise.all([...all.map(watch), ...all.map(watchLife)])
  return {
    until: async (wanted, ready, since, limitMs) => {
      while (now() - since < limitMs) {
        const states = wanted.map((process) => said.get(process))
        // That it is not ready may be the answer to a question from before; that it is ready must not be one from before.
        const says = (state: (typeof states)[number]) =>
          state?.ready === ready && (ready ? state.asked : state.answered) >= since
        if (states.every(says)) {
          return Math.max(0, ...states.map((state) => (state?.since ?? since) - since))
        }
        await sleep(intervalMs / 2)
      }
      return undefined
    },
    get notAlive() {
      return notAlive
    },
    stop: async () => {
      stopped = true
      await watching
    },
  }
}
