/** `gatehouse serve`: runs the servers until a signal ends them. */
import { availableParallelism } from 'node:os'
import { createLogger, type Logger } from '../base/log.js'
import type { Config } from '../config/config.js'
import { isEmbedded, type Part, partsServed, workerCount } from '../program/parts-served.js'
import { channelToPrimary } from './cluster-processes.js'
import { type Command, loadConfig, partNamed, readArguments, type Terminal } from './command.js'
import { type RunningService, startService, stopLimitMs } from './serve-here.js'

/** Node 20 reached its end of life in April 2026. It still works, and is tested. */
const oldestMaintainedNode = 22

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

/** Why `auto` is one process here. */
function onlyOne(config: Config, only: Part | undefined): string {
  const isOnEmbedded = partsServed(only).some((part) => isEmbedded(config, part))
  return `WORKERS=auto is 1: ${isOnEmbedded ? 'the embedded database is open in one process' : 'there is one core'}`
}

export const serve: Command = {
  name: 'serve',
  summary: 'Run both servers, or one of them.',
  usage: ['serve [auth|mcp]'],
  async run(terminal, args) {
    const only = partNamed(readArguments(args, {}).positionals, 'serve')
    const primary = channelToPrimary()
    if (primary !== undefined) {
      const { serveAsWorker } = await import('./serve-worker.js')
      return serveAsWorker(terminal, only, primary)
    }
    const config = loadConfig(terminal)
    const log = createLogger(config.LOG_LEVEL)
    if (terminal.nodeMajor < oldestMaintainedNode) {
      log.warn(`Node ${terminal.nodeMajor} gets no security fixes any more: use Node ${oldestMaintainedNode} or newer`)
    }
    const count = workerCount(config, only, availableParallelism())
    const askedToStop = untilAskedToStop(terminal, log, config.STOP_DELAY_SECONDS * 1_000 + stopLimitMs)
    if (count > 1) {
      const { serveWithWorkers } = await import('./serve-workers.js')
      return serveWithWorkers({ config, count, log, askedToStop })
    }
    if (config.WORKERS === 'auto') log.info({ cores: availableParallelism() }, onlyOne(config, only))
    // Before the start: a signal that nobody handles would end the process.
    let running: RunningService | undefined
    process.on('SIGHUP', () => void running?.system.reload())
    running = await startService(terminal, { config, only, log })
    const { system, banner } = running
    terminal.stdout.write(banner)
    await askedToStop
    await system.close()
  },
}
