/** Structured log lines: one JSON object each, on standard output. Log lines never contain a token, code, secret or cookie. */
import { type Logger, pino } from 'pino'
import { createLineWriter, type LineOutput, type LineWriter } from './line-writer.js'

export type { Logger }

const deepestCause = 4

function isErrorLike(value: unknown): value is Error {
  return typeof value === 'object' && value !== null && 'message' in value && typeof value.message === 'string'
}

/**
 * An error as it is logged: its name, message, stack, code and cause, and no other property. Database errors carry the statement's
 * parameters, which hold personal data, password hashes and `state` values.
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

/** Identifies the process if several write to the same log. */
export interface LogContext {
  readonly worker: number
}

let shared: LineWriter | undefined

/** In the format of the logger's lines, but made without the logger, whose lines could not be written. */
function droppedLine(dropped: number): string {
  const line = {
    level: 'warn',
    time: new Date().toISOString(),
    dropped,
    msg: 'log lines were dropped: nobody took them',
  }
  return `${JSON.stringify(line)}\n`
}

/** Shared by all loggers of the process, so that lines keep their order. */
export function standardOutput(): LineOutput {
  if (shared === undefined) {
    const writer = createLineWriter(1, { droppedLine })
    process.once('exit', () => writer.flushSync())
    shared = writer
  }
  return shared
}

/**
 * Forwards the lines that another process printed. Each line stays whole, even if several processes write to `output`. Resolves at the end
 * of `input`.
 */
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
  // The process was killed in the middle of a line.
  if (rest.length > 0) output.write(`${Buffer.concat(rest).toString()}\n`)
}

/** A logger at the given level. `destination` is for tests; default: standard output. Each line has `context`. */
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
