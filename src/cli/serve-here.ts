/** Runs the servers in this process: alone, or as one of several workers. */
import type { Logger } from '../base/log.js'
import type { Config } from '../config/config.js'
import type { Part } from '../program/parts-served.js'
import type { System } from '../program/system.js'
import type { WorkerRole } from '../program/workers/worker-role.js'
import { type Tracing, tracingSettings } from '../telemetry/tracing-settings.js'
import { bannerLines } from './banner.js'
import type { Terminal } from './command.js'
import { collectGarbage } from './memory.js'

/** Beyond STOP_DELAY_SECONDS. */
export const stopLimitMs = 10_000

/**
 * An unhandled rejection is a bug in one request: it is logged, and the other requests go on. After an uncaught exception the
 * state is unknown: the process stops, and its supervisor starts another.
 */
export function survive(close: () => Promise<void>, log: Logger): void {
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception, stopping')
    process.exitCode = 1
    setTimeout(() => process.exit(1), stopLimitMs).unref()
    close().then(
      () => process.exit(1),
      () => process.exit(1),
    )
  })
}

/** The OpenTelemetry libraries are loaded only when somebody wants traces. */
async function openTracing({ environment }: Terminal, log: Logger): Promise<Tracing | undefined> {
  const settings = tracingSettings(environment)
  if (settings === undefined) return undefined
  const { startTracing } = await import('../telemetry/tracing.js')
  return startTracing(settings, log)
}

export interface Service {
  readonly config: Config
  readonly only: Part | undefined
  readonly log: Logger
  readonly worker?: WorkerRole | undefined
}

export interface RunningService {
  readonly system: System
  /** Where the servers are and how to connect, for the operator; in one piece. */
  readonly banner: string
}

/** Resolves when the servers are listening. Once it has begun, a crash stops them and ends the process. */
export async function startService(terminal: Terminal, service: Service): Promise<RunningService> {
  const { config, only, log, worker } = service
  const { createSystem } = await import('../program/system.js')
  const tracing = await openTracing(terminal, log)
  const system = createSystem(config, {
    only,
    log,
    clock: terminal.clock,
    environment: terminal.environment,
    tracing,
    worker,
  })
  survive(() => system.close(), log)
  await system.start()
  collectGarbage()
  const program = config.COMMAND_NAME ?? terminal.program
  const { nodeMajor } = terminal
  const lines = bannerLines(config, system, only, { program, nodeMajor })
  return { system, banner: lines.map((line) => `${line}\n`).join('') }
}
