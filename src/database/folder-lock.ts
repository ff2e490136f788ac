/**
 * One process at a time for a folder. The lock is a listening local socket, so it ends with its process in every case: a stale file is
 * recognised because nobody answers on it.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { belongsToOwner } from './file-owner.js'

function socketPath(folder: string): string {
  const digest = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 24)
  return process.platform === 'win32' ? `\\\\.\\pipe\\gatehouse-${digest}` : join(tmpdir(), `gatehouse-${digest}.lock`)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function tryListen(path: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy())
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined)
      else reject(error)
    })
    server.listen(path, () => {
      server.unref()
      resolve(server)
    })
  })
}

/** A takeover takes milliseconds; a guard this old was left by a process that was killed during one. */
const guardMs = 5_000

/** Only one contender may take over: several that find the same stale file would remove each other's new sockets. */
function enterGuard(guard: string): boolean {
  try {
    mkdirSync(guard)
    return true
  } catch {
    // Held or stale: checked below.
  }
  const age = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (age > guardMs) rmSync(guard, { recursive: true, force: true })
  return false
}

/** Takes a lock whose file exists but whose holder may have ended; `undefined` if somebody holds it. */
async function takeOver(path: string): Promise<Server | undefined> {
  const guard = `${path}.takeover`
  while (!enterGuard(guard)) {
    if (await answers(path)) return undefined
    await sleep(20)
  }
  try {
    if (await answers(path)) return undefined
    rmSync(path, { force: true })
    return await tryListen(path)
  } finally {
    rmSync(guard, { recursive: true, force: true })
  }
}

/** Another process holds the folder. */
export class FolderInUse extends Error {
  constructor(folder: string) {
    super(
      `the embedded database in ${folder} is in use by another process; stop that one, set another DATA_DIR, or use PostgreSQL`,
    )
    this.name = 'FolderInUse'
  }
}

/** Any user can compute the names. A file of another user is not a lock, and must be removed before one can be taken. */
function refuseForeignFiles(path: string, folder: string): void {
  const foreign = [path, `${path}.takeover`].find((file) => existsSync(file) && !belongsToOwner(file, folder))
  if (foreign === undefined) return
  throw new Error(`${foreign} belongs to another user and takes the place of the lock on ${folder}: remove it`)
}

/** Creates and locks `folder`; resolves to the function that unlocks it. Rejects if it is locked or cannot be written. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const path = socketPath(folder)
  if (process.platform !== 'win32') refuseForeignFiles(path, folder)
  const held = (await tryListen(path)) ?? (await takeOver(path))
  if (held === undefined) throw new FolderInUse(folder)
  return () => new Promise((resolve) => held.close(() => resolve()))
}
