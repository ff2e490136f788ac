/** Runs work at an interval. Owns the timer; the caller owns the work. */
import type { Logger } from './log.js'

/**
 * Runs `work`, which never throws, every `intervalSeconds` until the returned function is called; that one waits for the run under
 * way. One that takes longer than the interval is not overtaken.
 */
export function runRegularly(work: () => Promise<void>, intervalSeconds: number): () => Promise<void> {
  let running: Promise<void> | undefined
  const timer = setInterval(() => {
    running ??= work().finally(() => {
      running = undefined
    })
  }, intervalSeconds * 1000)
  timer.unref()
  return async () => {
    clearInterval(timer)
    await running
  }
}

/** Runs `sweep`, which returns how many rows went. A failed run is logged and tried again next time. */
export function sweepRegularly(sweep: () => Promise<number>, log: Logger, intervalSeconds = 60): () => Promise<void> {
  const logged = () =>
    sweep().then(
      (swept) => log.debug({ swept }, 'expired rows deleted'),
      (error: unknown) => log.warn({ err: error }, 'sweep failed'),
    )
  return runRegularly(logged, intervalSeconds)
}
