/** Reads a new password: typed twice without echo at a terminal, else the first line of standard input. Never an argument. */
import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import type { Terminal } from './command.js'

/** More than any allowed password, so that a wrong file on standard input is noticed and not read to its end. */
const longestLine = 8192

async function firstLine(terminal: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of terminal.stdin) {
    const bytes = Buffer.from(chunk)
    chunks.push(bytes)
    length += bytes.length
    if (bytes.includes(0x0a) || length > longestLine) break
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split(/\r?\n/)
  return line
}

async function askTwice(terminal: Terminal): Promise<string> {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: terminal.stdin, output: silent, terminal: true })
  const cancelled = new AbortController()
  lines.once('SIGINT', () => cancelled.abort())
  const ask = async (question: string) => {
    terminal.stderr.write(question)
    const answer = await lines.question('', { signal: cancelled.signal })
    terminal.stderr.write('\n')
    return answer
  }
  try {
    const password = await ask('Password (at least 15 characters, not shown): ')
    if (password !== (await ask('The same again: '))) throw new Error('the two passwords differ')
    return password
  } catch (error) {
    if (!cancelled.signal.aborted) throw error
    throw new Error('cancelled, nothing was changed', { cause: error })
  } finally {
    lines.close()
  }
}

/** Does not judge the password. */
export async function readNewPassword(terminal: Terminal): Promise<string> {
  const password = terminal.stdin.isTTY === true ? await askTwice(terminal) : await firstLine(terminal)
  if (password === '') throw new Error('no password was given: type it, or write it to standard input')
  return password
}
