/** A program around a library that others wrote, in its own language: it does the steps of a test, and opens a browser of ours. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { type BrowserCommand, startBrowserCommand } from '../support/browser-command.js'
import { describeWith } from '../support/describe-with.js'
import { temporaryFolder } from '../support/run-folder.js'
import type { Stack } from '../support/stack.js'
import { type StdioClient, startStdioClient } from '../support/stdio-client.js'

export type Language = 'python' | 'go' | 'java' | 'typescript'

const places = z.record(z.string(), z.string()).parse(JSON.parse(process.env['FOREIGN_PROGRAMS'] ?? '{}'))

/** Where the set-up has put what the language needs: see `install-libraries.mjs`. */
export const placeOf = (language: Language): string => places[language] ?? ''

/** `describe` for what needs this language. Node runs TypeScript's libraries. */
export function describeIn(language: Language, title: string, tests: () => void): void {
  describeWith(language === 'typescript' ? [] : language, title, tests)
}

const fastStart = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** Command line of a program of `test/foreign/<language>`, with the libraries that the set-up has installed. */
export function commandOf(language: Language, program: string): readonly string[] {
  const place = places[language] ?? ''
  if (language === 'python') return [place, fileURLToPath(new URL(`python/${program}.py`, import.meta.url))]
  if (language === 'go') return [join(place, program)]
  if (language === 'java')
    return ['java', ...fastStart, '-cp', `${join(place, 'classes')}:${join(place, 'lib', '*')}`, program]
  return [process.execPath, join(place, `${program}.mjs`)]
}

export interface ForeignProgram {
  readonly browser: BrowserCommand
  /** Does one step and resolves to its result. Rejects with what the program, its library and the browser say went wrong. */
  step(name: string, params?: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>
  close(): Promise<void>
}

/** Starts the program; the person at its browser is the account of the stack, and allows everything. */
export async function startForeignProgram(language: Language, program: string, stack: Stack): Promise<ForeignProgram> {
  const browser = await startBrowserCommand(stack.newBrowser(), { account: stack.account })
  const command = browser.environment['BROWSER'] ?? ''
  const client: StdioClient = startStdioClient(commandOf(language, program), {
    PATH: process.env['PATH'],
    HOME: temporaryFolder('home'),
    // Python waits for a browser in the foreground, but takes the callback only after it has opened one.
    BROWSER: language === 'python' ? `${command} %s &` : command,
    NO_PROXY: 'localhost,127.0.0.1',
    PYTHONDONTWRITEBYTECODE: '1',
  })
  return {
    browser,
    step: async (name, params = {}) => {
      const { result, error } = await client.request(name, params)
      if (result !== undefined) return result
      const failures = browser.failures.map((failure) => `\nbrowser: ${failure}`).join('')
      throw new Error(`${name}: ${error?.message}${failures}\n${client.diagnostics().slice(-4_000)}`)
    },
    close: async () => {
      await client.close()
      await browser.close()
    },
  }
}
