import { PassThrough, Readable, Writable } from 'node:stream'
import { systemClock } from '../../src/base/clock.js'
import { runCommandLine } from '../../src/cli/cli.js'

export interface CommandRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A stream that remembers what was written to it. */
function createSink(onWrite: (text: string) => void = () => undefined) {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk))
      onWrite(String(chunk))
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

/** A person at a terminal. */
export interface Typist {
  /** Keys, for one question after the other. */
  readonly answers: readonly string[]
}

/** Answers each question with the next of these keys, after it was asked: what is typed before is lost. */
export const typing = (...answers: readonly string[]): Typist => ({ answers })

/** Runs one command inside this process. `input` is standard input: text, or a person at a terminal. */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input: string | Typist = '',
): Promise<CommandRun> {
  const answers = typeof input === 'string' ? [] : [...input.answers]
  const keys = Object.assign(new PassThrough(), { isTTY: true })
  const stdout = createSink()
  const stderr = createSink((text) => {
    // The program begins to read right after it has written the question.
    if (/: $/.test(text)) setImmediate(() => keys.write(answers.shift() ?? ''))
  })
  const stdin = typeof input === 'string' ? Readable.from([Buffer.from(input)]) : keys
  const streams = { stdin, stdout: stdout.stream, stderr: stderr.stream }
  const terminal = { environment, program: 'gatehouse', nodeMajor: 24, clock: systemClock, ...streams }
  const exitCode = await runCommandLine(terminal, args)
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}
