/** The primary of several workers: starts and watches them, and passes on what they print. */
import { hashLimits } from '../authorization-server/login/hash-limits.js'
import { createFairQueue } from '../base/fair-queue.js'
import { forwardLines, type Logger, standardOutput } from '../base/log.js'
import type { Config } from '../config/config.js'
import { createPrimary } from '../program/workers/primary.js'
import { WorkerFailed } from '../program/workers/supervisor.js'
import { forkWorker, prepareCluster } from './cluster-processes.js'
import { ExitStatus } from './command.js'
import { collectGarbage } from './memory.js'
import { survive } from './serve-here.js'

export interface ServeWorkers {
  readonly config: Config
  readonly count: number
  readonly log: Logger
  /** Resolves when the process is asked to stop. */
  readonly askedToStop: Promise<void>
}

export async function serveWithWorkers({ config, count, log, askedToStop }: ServeWorkers): Promise<void> {
  prepareCluster()
  const output = standardOutput()
  const primary = createPrimary({
    config,
    count,
    log,
    hashQueue: createFairQueue(hashLimits),
    fork: () => forkWorker((lines) => forwardLines(lines, output)),
  })
  survive(() => primary.stop(), log)
  // However this process ends, none of its workers stays behind.
  process.once('exit', () => primary.kill())
  // Before the start: a signal that nobody handles would end the process.
  process.on('SIGHUP', () => {
    // One that has gone meanwhile reads the file at its next start.
    for (const { calls } of primary.serving().values()) calls.call('reload', null).catch(() => undefined)
  })
  let isAskedToStop = false
  const stopped = askedToStop.then(() => {
    isAskedToStop = true
  })
  try {
    await Promise.race([primary.start(), stopped])
  } catch (error) {
    // It said itself what kept it from starting.
    if (error instanceof WorkerFailed) throw new ExitStatus(1)
    throw error
  }
  const { METRICS_PORT: metricsPort, HOST: host } = config
  const metrics = metricsPort === undefined || isAskedToStop ? undefined : await primary.serveMetrics(host, metricsPort)
  collectGarbage()
  primary
    .serving()
    .get(1)
    ?.calls.call('announce', null)
    .catch(() => undefined)
  await stopped
  await primary.stop()
  await metrics?.close(0)
}
