import { PassThrough, Readable, Writable } from 'node:stream'
import { systemClock } from '../../src/base/clock.js'
import { runCommandLine } from '../../src/cli/cli.js'

export interface CommandRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** A stream that remembers what was written to it. */
function createSink() {
  const chunks: string[] = []
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      chunks.push(String(chunk))
      done()
    },
  })
  return { stream, text: () => chunks.join('') }
}

/** Keys typed at a terminal, each line after the program had time to ask. */
export function typing(...lines: readonly string[]): Readable & { readonly isTTY: boolean } {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  for (const [index, line] of lines.entries()) setTimeout(() => input.write(line), 100 * (index + 1))
  return input
}

/** Runs one command inside this process. `input` is standard input: text, or a terminal. */
export async function runCli(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  input: string | (Readable & { readonly isTTY?: boolean }) = '',
): Promise<CommandRun> {
  const [stdout, stderr] = [createSink(), createSink()]
  const stdin = typeof input === 'string' ? Readable.from([Buffer.from(input)]) : input
  const streams = { stdin, stdout: stdout.stream, stderr: stderr.stream }
  const terminal = { environment, program: 'gatehouse', nodeMajor: 24, clock: systemClock, ...streams }
  const exitCode = await runCommandLine(terminal, args)
  return { exitCode, stdout: stdout.text(), stderr: stderr.text() }
}
