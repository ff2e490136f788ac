/** Structured log lines: one JSON object each, on standard output. What is logged never holds a token, code, secret or cookie. */
import { type Logger, pino } from 'pino'
import { createLineWriter, type LineOutput, type LineWriter } from './line-writer.js'

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

/** Which process writes, where several do. */
export interface LogContext {
  readonly worker: number
}

let shared: LineWriter | undefined

/** In the form of a logger's own lines: it is needed when a logger's lines could not be written. */
function droppedLine(dropped: number): string {
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    dropped,
    msg: 'log lines were dropped: nobody took them',
  }
  return `${JSON.stringify(line)}\n`
}

/** One for all loggers of the process, so that lines keep their order. */
export function standardOutput(): LineOutput {
  if (shared === undefined) {
    const writer = createLineWriter(1, { droppedLine })
    process.once('exit', () => writer.flushSync())
    shared = writer
  }
  return shared
}

/** Writes the lines that another process printed, each whole, however many processes write to `output`. Resolves at the end of `input`. */
export async function forwardLines(input: AsyncIterable<Buffer>, output: LineOutput): Promise<void> {
  let rest: Buffer[] = []
  for await (const chunk of input) {
    const end = chunk.lastIndexOf(0x0a) + 1
    if (end > 0) {
      output.write(Buffer.concat([...rest, chunk.subarray(0, end)]).toString())
      rest = []
    }
    if (end < chunk.length) rest.push(chunk.subarray(end))
  }
  // It was killed half-way through a line.
  if (rest.length > 0) output.write(`${Buffer.concat(rest).toString()}\n`)
}

/** A logger at the given level. `destination` is for tests; without it, standard output. `context` is on each line. */
export function createLogger(level: string, destination?: LineOutput, context: LogContext | null = null): Logger {
  const options = {
    level,
    base: context,
    serializers: { err: (error: unknown) => loggedError(error) },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return pino(options, destination ?? standardOutput())
}
