/** The product as its own process, `node dist/main.js serve`, for tests that kill it or run several. Needs a build (`npm test` makes one). */

import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Account } from './authorization.js'
import { type Browser, createBrowser } from './browser.js'
import { endWithRun } from './end-with-run.js'
import { releaseAfterwards } from './opened.js'
import { type StackOptions, stackSettings, testAccount } from './settings.js'

export interface StackProcess {
  readonly issuer: string
  readonly resource: string
  readonly account: Account
  /** Everything it printed so far, both streams. */
  output(): string
  newBrowser(): Browser
  /** Where this process itself listens, each part; a proxy may stand before it. */
  readonly origins: readonly string[]
  readonly pid: number
  /** False once it has ended, by itself or by a signal. */
  readonly isRunning: boolean
  /** It was ready once since it was started, and was not asked to stop. */
  readonly isServing: boolean
  /** SIGTERM; resolves to the exit code. */
  stop(): Promise<number | null>
  /** SIGKILL; nothing is closed or flushed. */
  kill9(): Promise<void>
  /** Starts it again on the same settings, and waits until it is ready. With a path, another build's `dist/main.js` from now on. */
  restart(program?: string): Promise<void>
  readonly settings: Readonly<Record<string, string>>
}

export interface StackProcessOptions extends StackOptions {
  /** Serve only this half. */
  readonly only?: 'auth' | 'mcp'
  /** Path of `dist/main.js`; this build's if not given. */
  readonly program?: string
}

/** Of this checkout. */
export const builtProgram = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

/**
 * Flags of Node for a program that runs for seconds. Optimizing the WebAssembly of the embedded database pays off after minutes only: without
 * it a start and a stop take a third less of a processor.
 */
export const briefly: readonly string[] = ['--liftoff-only']

async function answersReady(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/health/ready`)).ok
  } catch {
    return false
  }
}

async function untilReady(child: ChildProcess, origins: readonly string[], output: () => string): Promise<void> {
  for (let waited = 0; waited < 90_000; waited += 50) {
    if (child.exitCode !== null || child.signalCode !== null) break
    if ((await Promise.all(origins.map(answersReady))).every(Boolean)) return
    await sleep(50)
  }
  child.kill('SIGKILL')
  throw new Error(`the server did not become ready:\n${output().slice(-4_000)}`)
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode
}

/** Where a process listens: a second process behind the same issuer has its own ports. */
function origins(settings: Readonly<Record<string, string>>, only: 'auth' | 'mcp' | undefined): string[] {
  const origin = (url: string | undefined, port: string | undefined) =>
    port === undefined ? new URL(url ?? '').origin : `http://127.0.0.1:${port}`
  return [
    ...(only === 'mcp' ? [] : [origin(settings['ISSUER_URL'], settings['AUTH_PORT'])]),
    ...(only === 'auth' ? [] : [origin(settings['RESOURCE_URL'], settings['MCP_PORT'])]),
  ]
}

/** Starts the built program and resolves when its servers answer ready. */
export async function startStackProcess(options: StackProcessOptions): Promise<StackProcess> {
  let program = options.program ?? builtProgram
  if (!existsSync(program)) throw new Error('dist/main.js is missing: run `npm run build` first')
  const settings = await stackSettings(options)
  const { ISSUER_URL: issuer = '', RESOURCE_URL: resource = '' } = settings
  let printed = ''
  const launch = async () => {
    const args = [...briefly, program, 'serve', ...(options.only === undefined ? [] : [options.only])]
    const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], ...settings }
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (printed += String(chunk)))
    if (child.pid !== undefined) endWithRun(child.pid, settings['DATA_DIR'] ?? '')
    await untilReady(child, origins(settings, options.only), () => printed)
    return child
  }
  let child = await launch()
  // Whichever runs by then: one that a test restarts belongs to whoever started the first.
  releaseAfterwards(() => child.kill('SIGKILL'))
  let isServing = true
  return {
    issuer,
    resource,
    origins: origins(settings, options.only),
    get pid() {
      return child.pid ?? 0
    },
    get isRunning() {
      return child.exitCode === null && child.signalCode === null
    },
    get isServing() {
      return isServing
    },
    account: testAccount,
    settings,
    output: () => printed,
    newBrowser: () => createBrowser([issuer, resource]),
    stop: () => {
      isServing = false
      child.kill('SIGTERM')
      return ended(child)
    },
    kill9: async () => {
      isServing = false
      child.kill('SIGKILL')
      await ended(child)
    },
    restart: async (other = program) => {
      program = other
      child = await launch()
      isServing = true
    },
  }
}
