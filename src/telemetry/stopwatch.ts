/** Measures durations for metrics with the monotonic clock. */

/** Starts now; answers the seconds since. */
export function startStopwatch(): () => number {
  const startedAt = performance.now()
  return () => (performance.now() - startedAt) / 1000
}
