/**
 * Shares the embedded database of a running server with commands of the same user, because only one process can open it. The server
 * executes their statements, which arrive over a local socket. There is no further access check: a process that can read DATA_DIR may use
 * it.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqlQuery, SqlQueryable, Transaction } from '@prisma/driver-adapter-utils'
import { randomSecret } from '../base/secrets.js'
import type { Database } from './database.js'
import {
  type Answer,
  type Call,
  type CallError,
  noTransaction,
  protocolVersion,
  socketNameFile,
} from './database-calls.js'
import { messagesOver } from './framed-messages.js'
import type { Statement } from './sql.js'

/** The embedded database has one session: while a command's transaction is open, the server's own statements wait for it. */
const transactionMs = 10_000

function describe(error: unknown): CallError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { name, message, cause } = error
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {}
  // The cause of an adapter's error is a plain object. Anything else is not sent.
  const isPlain = typeof cause === 'object' && cause !== null && !(cause instanceof Error)
  return { name, message, ...code, ...(isPlain ? { cause: JSON.parse(JSON.stringify(cause)) } : {}) }
}

interface OpenTransaction {
  readonly transaction: Transaction
  readonly timer: NodeJS.Timeout
}

/** The open transactions of one command. */
class Guest {
  readonly #database: Database
  readonly #transactions = new Map<number, OpenTransaction>()
  readonly #locks = new Map<number, () => void>()
  #lastTransaction = noTransaction
  #isWelcome = false

  constructor(database: Database) {
    this.#database = database
  }

  async answer({ name, args }: Call): Promise<unknown> {
    const [first, second] = args
    if (name === 'hello') {
      this.#isWelcome = first === protocolVersion
      return protocolVersion
    }
    if (!this.#isWelcome) throw new Error('the first call must be hello, in the same version')
    switch (name) {
      case 'schema':
        return (await this.#database.adapter.connect()).getConnectionInfo?.().schemaName
      case 'query':
        return this.#database.sql.query(first as Statement, second as readonly unknown[])
      case 'queryRaw':
        return (await this.#target(Number(first))).queryRaw(second as SqlQuery)
      case 'executeRaw':
        return (await this.#target(Number(first))).executeRaw(second as SqlQuery)
      case 'begin':
        return this.#begin(first as Parameters<SqlAdapter['startTransaction']>[0])
      case 'commit':
        return this.#finish(Number(first)).commit()
      case 'rollback':
        return this.#finish(Number(first)).rollback()
      case 'lock':
        return this.#lock(Number(first))
      case 'unlock':
        return this.#unlock(Number(first))
      case 'ping':
        return this.#database.ping()
    }
  }

  /** Rolls back what a command left open, because it was interrupted or has ended. */
  leave(): void {
    for (const id of [...this.#transactions.keys()])
      this.#finish(id)
        .rollback()
        .catch(() => undefined)
    for (const lock of [...this.#locks.keys()]) this.#unlock(lock)
  }

  async #target(id: number): Promise<SqlQueryable> {
    if (id === noTransaction) return this.#database.adapter.connect()
    const open = this.#transactions.get(id)
    if (open === undefined) throw new Error('the transaction is over: it took too long')
    return open.transaction
  }

  async #begin(isolation: Parameters<SqlAdapter['startTransaction']>[0]): Promise<number> {
    const adapter = await this.#database.adapter.connect()
    const transaction = await adapter.startTransaction(isolation)
    this.#lastTransaction += 1
    const id = this.#lastTransaction
    const expire = () =>
      void this.#finish(id)
        .rollback()
        .catch(() => undefined)
    this.#transactions.set(id, { transaction, timer: setTimeout(expire, transactionMs).unref() })
    return id
  }

  #finish(id: number): Transaction {
    const open = this.#transactions.get(id)
    if (open === undefined) throw new Error('the transaction is over: it took too long')
    clearTimeout(open.timer)
    this.#transactions.delete(id)
    return open.transaction
  }

  #lock(lock: number): Promise<void> {
    return new Promise((granted, refused) => {
      const held = this.#database.exclusively(
        lock,
        () =>
          new Promise<void>((release) => {
            this.#locks.set(lock, release)
            granted()
          }),
      )
      held.catch(refused)
    })
  }

  #unlock(lock: number): void {
    this.#locks.get(lock)?.()
    this.#locks.delete(lock)
  }
}

type SqlAdapter = Awaited<ReturnType<Database['adapter']['connect']>>

function serve(socket: Socket, database: Database): void {
  const guest = new Guest(database)
  const stream = messagesOver(socket, (message) => {
    const call = message as Call
    guest
      .answer(call)
      .then(
        (value): Answer => ({ id: call.id, value }),
        (error: unknown): Answer => ({ id: call.id, error: describe(error) }),
      )
      .then((answer) => socket.writable && stream.send(answer))
  })
  socket.on('error', () => undefined)
  socket.on('close', () => guest.leave())
}

/** Shares an open database until the returned function is called. Commands find it by `name` in `folder`. */
export async function shareDatabase(database: Database, folder: string, name: string): Promise<() => Promise<void>> {
  const isWindows = process.platform === 'win32'
  const socketFolder = isWindows ? undefined : mkdtempSync(join(tmpdir(), 'gatehouse-'))
  const socket = socketFolder === undefined ? `\\\\.\\pipe\\gatehouse-${randomSecret()}` : join(socketFolder, 'socket')
  const sockets = new Set<Socket>()
  const server = createServer((guest) => {
    sockets.add(guest)
    guest.once('close', () => sockets.delete(guest))
    serve(guest, database)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(socket, resolve)
  })
  server.unref()
  const file = socketNameFile(folder, name)
  // The file gets its name only once it is complete.
  writeFileSync(`${file}.unfinished`, `${socket}\n`, { mode: 0o600 })
  renameSync(`${file}.unfinished`, file)
  return async () => {
    rmSync(file, { force: true })
    const closed = new Promise<void>((resolve) => void server.close(() => resolve()))
    for (const guest of sockets) guest.destroy()
    await closed
    if (socketFolder !== undefined) rmSync(socketFolder, { recursive: true, force: true })
  }
}
