/** `gatehouse serve`: runs the servers until a signal ends them. */

import { createLogger, type Logger } from '../base/log.js'
import type { System } from '../program/system.js'
import { type Tracing, tracingSettings } from '../telemetry/tracing-settings.js'
import { bannerLines } from './banner.js'
import { type Command, loadConfig, partNamed, readArguments, type Terminal, writeLine } from './command.js'
import { collectGarbage } from './memory.js'

/** Node 20 reached its end of life in April 2026. It still works, and is tested. */
const oldestMaintainedNode = 22

/** Beyond STOP_DELAY_SECONDS. */
const stopLimitMs = 10_000

/** Exit status of a program that a signal ended: 128 and the signal's number. */
const exitStatuses = { SIGINT: 130, SIGTERM: 143 } as const

/** Calls `stop` when the process that started this one has ended. */
function watchParent(stop: () => void): void {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    stop()
  }, 500)
  watch.unref()
}

/** Resolves at the first signal that asks to stop. A second one, or a stop that takes too long, ends the process at once. */
function untilAskedToStop({ environment }: Terminal, log: Logger, limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    let asked = false
    const stop = () => {
      asked = true
      setTimeout(() => {
        log.error('stopping took too long, ending now')
        process.exit(1)
      }, limitMs).unref()
      resolve()
    }
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => (asked ? process.exit(exitStatuses[signal]) : stop()))
    }
    // npm hands SIGTERM to the shell it runs a script in; that shell dies of it and tells nobody.
    if (environment['npm_lifecycle_event'] !== undefined) watchParent(() => asked || stop())
  })
}

/**
 * An unhandled rejection is a bug in one request: it is logged, and the other requests go on. After an uncaught exception the
 * state is unknown: the servers stop, and the supervisor restarts the process.
 */
function survive(system: System, log: Logger): void {
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'))
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception, stopping')
    process.exitCode = 1
    setTimeout(() => process.exit(1), stopLimitMs).unref()
    system.close().then(
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

export const serve: Command = {
  name: 'serve',
  summary: 'Run both servers, or one of them.',
  usage: ['serve [auth|mcp]'],
  async run(terminal, args) {
    const only = partNamed(readArguments(args, {}).positionals, 'serve')
    const config = loadConfig(terminal)
    const log = createLogger(config.LOG_LEVEL)
    if (terminal.nodeMajor < oldestMaintainedNode) {
      log.warn(`Node ${terminal.nodeMajor} gets no security fixes any more: use Node ${oldestMaintainedNode} or newer`)
    }
    const { createSystem } = await import('../program/system.js')
    const tracing = await openTracing(terminal, log)
    const system = createSystem(config, { only, log, clock: terminal.clock, tracing })
    const stop = untilAskedToStop(terminal, log, config.STOP_DELAY_SECONDS * 1_000 + stopLimitMs)
    survive(system, log)
    await system.start()
    collectGarbage()
    const program = config.COMMAND_NAME ?? terminal.program
    const { nodeMajor } = terminal
    for (const line of bannerLines(config, system, only, { program, nodeMajor })) writeLine(terminal, line)
    await stop
    await system.close()
  },
}
