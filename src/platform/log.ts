/** Structured log lines: one JSON object each, on standard output. What is logged never holds a token, code, secret or cookie. */
import { type Logger, pino } from 'pino'

export type { Logger }

/** A logger at the given level. `destination` is for tests; without it, standard output. */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
