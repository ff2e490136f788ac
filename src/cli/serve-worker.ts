/** One of several workers: does what its primary tells it, and ends with it. */
import type { MessageChannel } from '../base/calls.js'
import { createLogger } from '../base/log.js'
import type { Part } from '../program/parts-served.js'
import { joinPrimary } from '../program/workers/worker-role.js'
import type { Terminal } from './command.js'
import { type RunningService, startService, stopLimitMs } from './serve-here.js'

export async function serveAsWorker(
  terminal: Terminal,
  only: Part | undefined,
  channel: MessageChannel,
): Promise<void> {
  // A terminal and systemd signal the whole group. The primary decides.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  let stop = () => {}
  const askedToStop = new Promise<void>((resolve) => {
    stop = resolve
  })
  let running: RunningService | undefined
  const announce = () => void terminal.stdout.write(running?.banner ?? '')
  const reload = () => void running?.system.reload()
  const { duties, role, started } = await joinPrimary(channel, { announce, reload, stop: () => stop() })
  const { config, number } = duties
  const log = createLogger(config.LOG_LEVEL, undefined, { worker: number })
  running = await startService(terminal, { config, only, log, worker: role })
  await started()
  await askedToStop
  setTimeout(
    () => {
      log.error('stopping took too long, ending now')
      process.exit(1)
    },
    config.STOP_DELAY_SECONDS * 1_000 + stopLimitMs,
  ).unref()
  await running.system.close()
}
