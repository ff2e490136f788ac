/** A program of the machine that runs in the foreground on loopback, beside the tests, with files of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endWithRun } from './end-with-run.js'
import { eventually, firstAnswer } from './eventually.js'
import { type RunAs, unprivilegedUser } from './postgres.js'

/** A folder, and who its programs run as: he may write to it. */
export interface Ground {
  readonly folder: string
  readonly user: RunAs
  /** Makes a folder inside; returns its path. */
  subfolder(name: string): string
  remove(): void
}

export function newGround(name: string): Ground {
  const user = unprivilegedUser()
  const owned = (path: string) => {
    if (user.uid !== undefined && user.gid !== undefined) chownSync(path, user.uid, user.gid)
    return path
  }
  const folder = owned(mkdtempSync(join(tmpdir(), `gatehouse-${name}-`)))
  return {
    folder,
    user,
    subfolder: (name) => {
      const path = join(folder, name)
      mkdirSync(path)
      return owned(path)
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }),
  }
}

export type Environment = Readonly<Record<string, string>>

/** How programs are run on it: as that user, there, with nothing of our environment. */
export function runOptions({ folder, user }: Ground, env: Environment = {}) {
  return { ...user, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env } }
}

export interface Daemon {
  /** Resolves when it is up. Rejects with the end of what it printed when it does not come up. */
  start(): Promise<void>
  signal(name: NodeJS.Signals): void
  /** Signals it, if it runs; resolves when it has ended. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>
}

export interface DaemonOptions {
  /** Of the file of what it prints. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env?: Environment
  readonly isUp: () => Promise<boolean>
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean => exitCode !== null || signalCode !== null

export function createDaemon(ground: Ground, { name, program, args, env, isUp }: DaemonOptions): Daemon {
  const log = join(ground.folder, `${name}.log`)
  let child: ChildProcess | undefined
  return {
    start: async () => {
      const output = openSync(log, 'a')
      const launched = spawn(program, args, { ...runOptions(ground, env), stdio: ['ignore', output, output] })
      closeSync(output)
      launched.unref()
      child = launched
      if (launched.pid !== undefined) endWithRun(launched.pid, ground.folder, 'TERM')
      await firstAnswer(`${name} being up`, 60, async () => {
        if (hasEnded(launched)) throw new Error(`${name} did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`)
        return (await isUp()) || undefined
      })
    },
    signal: (signal) => void child?.kill(signal),
    end: async (signal) => {
      const running = child
      running?.kill(signal)
      if (running !== undefined) await eventually(async () => hasEnded(running))
    },
  }
}
