/** Measures durations for metrics with the monotonic clock. */

/** Starts now; the returned function gives the seconds since. */
export function startStopwatch(): () => number {
  const startedAt = performance.now()
  return () => (performance.now() - startedAt) / 1000
}
