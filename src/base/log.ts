/** Structured log lines: one JSON object each, on standard output. What is logged never holds a token, code, secret or cookie. */
import { destination as destinationOf, type Logger, pino } from 'pino'

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

/** Where lines go. */
export interface LineOutput {
  write(line: string): void
}

/**
 * What is logged in one turn of the event loop leaves in one write: under load that is a few system calls fewer for each
 * request. A process that is killed loses what it logged in that turn; one that ends in any other way loses nothing.
 */
export function gatherLines(output: LineOutput): LineOutput & { flushSync(): void } {
  let gathered = ''
  const flushSync = () => {
    const text = gathered
    gathered = ''
    if (text !== '') output.write(text)
  }
  return {
    write: (line) => {
      if (gathered === '') setImmediate(flushSync)
      gathered += line
    },
    flushSync,
  }
}

let shared: LineOutput | undefined

/** One for all loggers of the process, so that lines keep their order. */
function standardOutput(): LineOutput {
  if (shared === undefined) {
    // Of pino, because it waits for a slow reader of a pipe.
    const gathered = gatherLines(destinationOf({ fd: 1, sync: true }))
    process.once('exit', gathered.flushSync)
    shared = gathered
  }
  return shared
}

/** A logger at the given level. `destination` is for tests; without it, standard output. */
export function createLogger(level: string, destination?: LineOutput): Logger {
  const options = {
    level,
    base: null,
    serializers: { err: (error: unknown) => loggedError(error) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, destination ?? standardOutput())
}
