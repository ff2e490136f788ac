/** Runs a clean-up again and again. Owns the timer; what is deleted is the caller's. */
import type { Logger } from './log.js'

/**
 * Runs `sweep`, which returns how many rows went, every `intervalSeconds` until the returned function is called; that one waits
 * for the run under way. A failed run is logged and tried again next time.
 */
export function sweepRegularly(sweep: () => Promise<number>, log: Logger, intervalSeconds = 60): () => Promise<void> {
  let running: Promise<unknown> | undefined
  const timer = setInterval(() => {
    // One that takes longer than the interval is not overtaken.
    running ??= sweep()
      .then(
        (swept) => log.debug({ swept }, 'expired rows deleted'),
        (error: unknown) => log.warn({ err: error }, 'sweep failed'),
      )
      .finally(() => {
        running = undefined
      })
  }, intervalSeconds * 1000)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}
