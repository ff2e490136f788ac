/** Structured log lines: one JSON object each, on standard output. What is logged never holds a token, code, secret or cookie. */
import { type Logger, pino } from 'pino'

export type { Logger }

const deepestCause = 4

function isErrorLike(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
}

/**
 * An error as it is logged: its kind, message, stack, code and what caused it, and nothing else it carries. Errors of databases
 * bring along the statement's parameters, and in those are people's words, password hashes and states.
 */
function loggedError(error: unknown, depth = 0): unknown {
  if (!isErrorLike(error)) return String(error)
  const { name, message, stack, cause } = error
  const code = 'code' in error ? error.code : undefined
  return {
    type: name,
    message,
    stack,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(cause === undefined || depth === deepestCause ? {} : { cause: loggedError(cause, depth + 1) }),
  }
}

/** A logger at the given level. `destination` is for tests; without it, standard output. */
export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const options = {
    level,
    base: null,
    serializers: { err: (error: unknown) => loggedError(error) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}
