/** What the primary answers its workers, and what it asks of all of them. It serves no request itself. */
import { type Answers, type MessageChannel, openCalls } from '../../base/calls.js'
import type { FairQueue } from '../../base/fair-queue.js'
import type { Logger } from '../../base/log.js'
import type { Config } from '../../config/config.js'
import type { ListeningServer } from '../../http/http.js'
import type { MetricsSnapshot } from '../../telemetry/metrics.js'
import type { Part } from '../parts-served.js'
import type { PrimaryAnswers, WorkerAnswers } from './contract.js'
import { createSupervisor, type Supervisor, type WorkerProcess } from './supervisor.js'
import { createWorkerTurns } from './turns.js'

/** A process that was just made. */
export interface ForkedProcess {
  readonly pid: number
  readonly channel: MessageChannel
  readonly ended: Promise<string>
  kill(): void
}

export interface PrimaryOptions {
  readonly config: Config
  readonly count: number
  readonly log: Logger
  readonly hashQueue: FairQueue
  readonly fork: (number: number) => ForkedProcess
}

/** The primary among the processes whose metrics are merged. */
const primaryProcess = 0

/** How long a worker may take to tell its metrics, in milliseconds: longer than it waits for what it reads itself. */
const metricsLimitMs = 4_000

/** The primary serves nothing, and its event loop is none that a request waits for: it tells what it costs, and of its workers. */
function ofPrimary(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ name }) => /^(?:process_|gatehouse_workers)/.test(name))
}

/** How long a worker may take to say whether it is ready, in milliseconds. */
const readyLimitMs = 1_500

export interface Primary extends Supervisor {
  /** What all workers counted, as one; see telemetry/merged-metrics.ts. Rejects with one clear line if the port is taken. */
  serveMetrics(host: string, port: number): Promise<ListeningServer>
}

export function createPrimary({ config, count, log, hashQueue, fork }: PrimaryOptions): Primary {
  /** By number of the process, counted from the start. */
  const processes = new Map<number, WorkerProcess>()
  let forked = 0
  let countReplaced = () => {}
  let retireMetrics = (_process: number) => {}

  const othersReady = async (asking: number, part: Part): Promise<boolean> => {
    if (!supervisor.isWhole()) return false
    const others = [...supervisor.serving()].filter(([number]) => number !== asking)
    const answers = others.map(([, { calls }]) => calls.call('ready', part, readyLimitMs).catch(() => false))
    return (await Promise.all(answers)).every(Boolean)
  }

  const employ = (number: number, isReplacement: boolean): WorkerProcess => {
    const { pid, channel, ended, kill } = fork(number)
    const turns = createWorkerTurns(hashQueue)
    forked += 1
    const process = forked
    void ended.then(() => {
      turns.end()
      processes.delete(process)
      retireMetrics(process)
    })
    let tellStarted = () => {}
    const started = new Promise<void>((resolve) => {
      tellStarted = resolve
    })
    const answers: Answers<PrimaryAnswers> = {
      duties: () => ({ number, config, isReplacement }),
      started: () => {
        tellStarted()
        return null
      },
      turn: (sender) => turns.take(sender),
      'turn-over': (turn) => {
        turns.over(turn)
        return null
      },
      'others-ready': (part) => othersReady(number, part),
    }
    const calls = openCalls<WorkerAnswers, PrimaryAnswers>(channel, answers)
    const worker = { pid, calls, started, ended, kill }
    processes.set(process, worker)
    return worker
  }

  const supervisor = createSupervisor({ count, fork: employ, log, onReplace: () => countReplaced() })

  const serveMetrics: Primary['serveMetrics'] = async (host, port) => {
    const [{ createMetrics }, { mergeMetrics }, { serveMetrics: serve }] = await Promise.all([
      import('../../telemetry/metrics.js'),
      import('../../telemetry/merged-metrics.js'),
      import('../../telemetry/metrics-server.js'),
    ])
    const own = createMetrics()
    own.collect('gatehouse_workers', async () => [{ labels: {}, value: supervisor.serving().size }])
    own.count('gatehouse_workers_replaced_total', {}, 0)
    countReplaced = () => own.count('gatehouse_workers_replaced_total', {})
    const ask = () => {
      const asked = [...processes].map(
        ([process, { calls }]) => [process, calls.call('metrics', null, metricsLimitMs)] as const,
      )
      return new Map([[primaryProcess, own.snapshot().then(ofPrimary)], ...asked])
    }
    const merged = mergeMetrics(ask)
    retireMetrics = merged.retire
    return serve(merged, host, port)
  }

  return { ...supervisor, serveMetrics }
}
