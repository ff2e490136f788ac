/** The built program as its own process, as an operator runs it: `node dist/main.js serve`. Its log lines go to a file. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ServerProcess } from './target.js'

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url))

export type Settings = Readonly<Record<string, string>>

export interface ServeProcess extends ServerProcess {
  /** From the start of the process to the first time all its servers answered ready. */
  readonly readyMs: number
  stop(): Promise<void>
}

export interface ServeOptions {
  readonly settings: Settings
  readonly only?: 'auth'
  readonly logFile: string
}

async function isReady(origin: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/health/ready`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

async function untilReady(child: ChildProcess, origins: readonly string[], logFile: string): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < 60_000; await sleep(10)) {
    if (child.exitCode !== null || child.signalCode !== null) break
    if ((await Promise.all(origins.map(isReady))).every(Boolean)) return
  }
  const ended = `code ${child.exitCode}, signal ${child.signalCode}`
  child.kill('SIGKILL')
  throw new Error(`the server did not become ready (${ended}):\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
}

/** Starts it in production mode with nothing but the given settings, and waits until it is ready. */
export async function serve({ settings, only, logFile }: ServeOptions): Promise<ServeProcess> {
  const { ISSUER_URL: issuer = '', RESOURCE_URL: resource = '' } = settings
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], NODE_ENV: 'production', ...settings }
  const output = openSync(logFile, 'a')
  const startedAt = performance.now()
  const flags = process.env['BENCH_NODE_FLAGS']?.split(' ') ?? []
  const args = [...flags, program, 'serve', ...(only === undefined ? [] : [only])]
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', output, output] })
  closeSync(output)
  await untilReady(child, [issuer, ...(only === undefined ? [new URL(resource).origin] : [])], logFile)
  if (child.pid === undefined) throw new Error('the server has no process id')
  return {
    origin: issuer,
    pid: child.pid,
    readyMs: performance.now() - startedAt,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
