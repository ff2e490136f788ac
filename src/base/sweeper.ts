/** Runs work at an interval. Owns the timer; the caller owns the work. */
import type { Logger } from './log.js'

/**
 * Runs `work`, which never throws, every `intervalSeconds` until the returned function is called, which waits for the current run. Runs
 * never overlap, even if one takes longer than the interval.
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

/** Runs `sweep`, which returns the number of deleted rows. A failed run is logged and repeated at the next interval. */
export function sweepRegularly(sweep: () => Promise<number>, log: Logger, intervalSeconds = 60): () => Promise<void> {
  const logged = () =>
    sweep().then(
      (swept) => log.debug({ swept }, 'expired rows deleted'),
      (error: unknown) => log.warn({ err: error }, 'sweep failed'),
    )
  return runRegularly(logged, intervalSeconds)
}
