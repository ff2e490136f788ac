/** What a command is, and what it is given: everything it reads and writes comes in here, so tests run commands as functions. */
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { type ParseArgsConfig, parseArgs } from 'node:util'
import type { Clock } from '../base/clock.js'
import { type Config, type Environment, parseConfig } from '../config/config.js'
import type { Part } from '../program/parts-served.js'

export interface Terminal {
  readonly environment: Environment
  /** How this program was called, as an operator would type it. */
  readonly program: string
  /** Major version of the Node that runs it. */
  readonly nodeMajor: number
  readonly clock: Clock
  readonly stdin: Readable & { readonly isTTY?: boolean }
  readonly stdout: Writable
  readonly stderr: Writable
}

export interface Command {
  readonly name: string
  /** One line for `gatehouse help`. */
  readonly summary: string
  /** Each form, without the program's name. */
  readonly usage: readonly string[]
  /** Resolves when done. Throws UsageError for wrong arguments, any other Error with one clear line for what went wrong. */
  run(terminal: Terminal, args: readonly string[]): Promise<void>
}

/** The command was called the wrong way: exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Ends the command with this exit status. The message, if any, goes to standard error; without one all was printed already. */
export class ExitStatus extends Error {
  readonly status: number
  constructor(status: number, message = '') {
    super(message)
    this.name = 'ExitStatus'
    this.status = status
  }
}

type Options = NonNullable<ParseArgsConfig['options']>

/**
 * Identifiers of keys, clients, accounts and grants are base64url, so one in 64 begins with a dash. No flag of this program looks
 * like one.
 */
const generatedId = /^-(?=.*[A-Z\d_])[\w-]{10,}$/

/** Before what is a word, whatever it begins with. No argument of a program can hold it. */
const wordMark = '\0'

const unmarked = <T>(value: T): T =>
  (typeof value === 'string' && value.startsWith(wordMark) ? value.slice(1) : value) as T

/** Splits arguments into flags and words; unknown flags are a UsageError. An id that begins with a dash is a word. */
export function readArguments<const T extends Options>(args: readonly string[], options: T) {
  const marked = args.map((argument) => (generatedId.test(argument) ? `${wordMark}${argument}` : argument))
  try {
    const read = parseArgs({ args: marked, options, allowPositionals: true, strict: true })
    for (const [name, value] of Object.entries(read.values)) {
      Reflect.set(read.values, name, Array.isArray(value) ? value.map(unmarked) : unmarked(value))
    }
    return { values: read.values, positionals: read.positionals.map(unmarked) }
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('. ')[0] ?? error.message) : String(error))
  }
}

/** The values of the flags that `options` declares. */
export type FlagsOf<T extends Options> = ReturnType<typeof readArguments<T>>['values']

/** Which server the words after `command` name; `undefined` for none, which means both. */
export function partNamed([part, ...surplus]: readonly string[], command: string): Part | undefined {
  if (surplus.length === 0 && (part === undefined || part === 'auth' || part === 'mcp')) return part
  throw new UsageError(`${command} takes nothing, auth or mcp`)
}

/** The effective settings. Throws ConfigError with every mistake. */
export function loadConfig({ environment }: Terminal): Config {
  return parseConfig(environment, (path) => readFileSync(path, 'utf8'))
}

export function writeLine({ stdout }: Terminal, line = ''): void {
  stdout.write(`${line}\n`)
}

/** JSON in which no character can steer the terminal: JSON itself escapes only those below U+0020. */
export function writeJson(terminal: Terminal, value: unknown): void {
  const escaped = (text: string) =>
    Array.from(text, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  writeLine(
    terminal,
    JSON.stringify(value, undefined, 2).replace(/[\u007f-\u009f\u2028\u2029]|(?=[\0-\uffff])\p{Cf}/gu, escaped),
  )
}

/** Rows in columns, two blanks apart. Control characters are replaced: a registered name must not steer the terminal. */
export function writeTable(terminal: Terminal, rows: readonly (readonly string[])[]): void {
  const safe = rows.map((row) => row.map((cell) => cell.replace(/\p{C}/gu, '\ufffd')))
  const widths = (safe[0] ?? []).map((_, column) => Math.max(...safe.map((row) => (row[column] ?? '').length)))
  for (const row of safe) {
    writeLine(
      terminal,
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
  }
}
