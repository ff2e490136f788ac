/**
 * Starts the workers, replaces those that end, and stops all. The first worker starts alone, because it does what is done once: it checks
 * the settings and migrates. Does not own how a process is made.
 */
import type { Caller } from '../../base/calls.js'
import type { Logger } from '../../base/log.js'
import type { WorkerAnswers } from './contract.js'

export interface WorkerProcess {
  readonly pid: number
  readonly calls: Caller<WorkerAnswers>
  /** Resolves when its servers are listening; never, if it ends before. */
  readonly started: Promise<void>
  /** Resolves to how it ended: a signal's name or an exit status. */
  readonly ended: Promise<string>
  /** SIGKILL. */
  kill(): void
}

export interface SupervisorOptions {
  readonly count: number
  readonly fork: (number: number, isReplacement: boolean) => WorkerProcess
  readonly log: Logger
  /** Called for each worker that ended and is replaced. */
  readonly onReplace?: () => void
  /** Pause before a replacement, in milliseconds; it doubles with each one in a row, up to `longestMs`. */
  readonly pauses?: { readonly shortestMs: number; readonly longestMs: number; readonly steadyMs: number }
}

export interface Supervisor {
  /** Resolves when all serve. Rejects with WorkerFailed when one ends before; then nothing runs any more. */
  start(): Promise<void>
  /** By number, those that serve. */
  serving(): ReadonlyMap<number, WorkerProcess>
  /** True if every worker serves. */
  isWhole(): boolean
  /** Lets all end their requests. Resolves when none is left. */
  stop(): Promise<void>
  /** Ends all at once. */
  kill(): void
}

/** A worker could not start. It said why itself. */
export class WorkerFailed extends Error {}

/** A worker that served for `steadyMs` is taken to be sound: the next pause is the shortest again. */
const defaultPauses = { shortestMs: 100, longestMs: 10_000, steadyMs: 60_000 }

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { count, fork, log, onReplace, pauses = defaultPauses } = options
  const running = new Map<number, WorkerProcess>()
  const serving = new Map<number, WorkerProcess>()
  /** By number: replacements in a row. */
  const inARow = new Map<number, number>()
  const pending = new Set<NodeJS.Timeout>()
  let isStopping = false

  const later = (ms: number, work: () => void) => {
    const timer = setTimeout(() => {
      pending.delete(timer)
      work()
    }, ms)
    pending.add(timer)
    return timer
  }

  const launch = (number: number, isReplacement: boolean): WorkerProcess => {
    const worker = fork(number, isReplacement)
    const { pid } = worker
    running.set(number, worker)
    let steady: NodeJS.Timeout | undefined
    void worker.started.then(() => {
      if (running.get(number) !== worker || isStopping) return
      serving.set(number, worker)
      log.info({ worker: number, workerPid: pid }, 'worker started')
      steady = later(pauses.steadyMs, () => inARow.delete(number))
      steady.unref()
    })
    void worker.ended.then((how) => {
      if (steady !== undefined) {
        clearTimeout(steady)
        pending.delete(steady)
      }
      const hasServed = serving.delete(number)
      running.delete(number)
      // Before it ever served, `start` decides.
      if (isStopping || !(hasServed || isReplacement)) return
      const times = inARow.get(number) ?? 0
      inARow.set(number, times + 1)
      const pauseMs = Math.min(pauses.longestMs, pauses.shortestMs * 2 ** times)
      log.error({ worker: number, workerPid: pid, ended: how, pauseMs }, 'a worker ended, starting another')
      onReplace?.()
      later(pauseMs, () => launch(number, true))
    })
    return worker
  }

  const whenStarted = async (number: number): Promise<void> => {
    const worker = launch(number, false)
    const failed = worker.ended.then((how) => {
      throw new WorkerFailed(`worker ${number} could not start: ${how}`)
    })
    await Promise.race([worker.started, failed])
  }

  const stop = async (): Promise<void> => {
    isStopping = true
    for (const timer of pending) clearTimeout(timer)
    const all = [...running.values()]
    // One that has gone meanwhile needs no telling.
    for (const { calls } of all) calls.call('stop', null).catch(() => undefined)
    await Promise.all(all.map(({ ended }) => ended))
  }

  return {
    start: async () => {
      try {
        await whenStarted(1)
        if (isStopping) return
        await Promise.all(Array.from({ length: count - 1 }, (_, index) => whenStarted(index + 2)))
      } catch (error) {
        if (isStopping) return
        await stop()
        throw error
      }
    },
    serving: () => serving,
    isWhole: () => serving.size === count,
    stop,
    kill: () => {
      isStopping = true
      for (const worker of running.values()) worker.kill()
    },
  }
}
