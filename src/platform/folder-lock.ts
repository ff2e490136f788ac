/**
 * One process at a time for a folder. The lock is a listening local socket, so it ends with its process whatever happens:
 * a stale file is recognised because nobody answers on it.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, realpathSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

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

/** Creates and locks `folder`; resolves to the function that unlocks it. Throws when it is locked or cannot be written. */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new Error(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
  const path = socketPath(folder)
  let server = await tryListen(path)
  if (server === undefined && !(await answers(path))) {
    unlinkSync(path)
    server = await tryListen(path)
  }
  if (server === undefined) {
    throw new Error(`the embedded database in ${folder} is in use by another process; stop that one, or use PostgreSQL`)
  }
  const held = server
  return () => new Promise((resolve) => held.close(() => resolve()))
}
