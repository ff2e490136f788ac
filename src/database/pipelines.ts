/**
 * A few connections to PostgreSQL that each carry many statements at once (protocol pipelining), for single prepared statements. A
 * statement does not wait for the answer to the one before it, and the statements of one turn of the event loop are sent in one write.
 * Under load that saves two thirds of the system calls, and the backend stays busy. Every statement is its own transaction and fails by
 * itself. Not for sessions, transactions or locks that outlive a statement: those use the pool.
 */
import { Socket } from 'node:net'
import pg from 'pg'
import { outageError } from './outage.js'
import { type PreparedOptions, type PreparedResult, type SendStatement, sendStatement } from './prepared-query.js'
import { demandWritableClient } from './read-only-check.js'
import type { Statement } from './sql.js'

/** Statements that share a write wait for each other, so only a few should wait behind commits that reach the disk one by one. */
const mostGathered = 4

class Pipeline {
  readonly #socket: Socket
  readonly #prepared: PreparedOptions
  readonly #send: SendStatement
  readonly #client: pg.Client
  readonly #connected: Promise<unknown>
  #isConnected = false
  #isCorked = false
  #isUsable = true
  /** Statements without an answer yet. */
  waiting = 0

  constructor({ connection, newSocket, isSession, limitMs, send, onError }: PipelinesOptions) {
    this.#socket = newSocket?.() ?? new Socket()
    this.#send = send ?? sendStatement
    this.#prepared = { isNamed: isSession ?? true, limitMs }
    this.#client = new pg.Client({ ...connection, pipeline: true, stream: () => this.#socket })
    // pg rejects every statement in progress itself; this listener keeps a lost connection from ending the process.
    this.#client.on('error', (error) => {
      this.#isUsable = false
      onError(error)
    })
    this.#client.on('end', () => {
      this.#isUsable = false
    })
    this.#connected = this.#connect()
    // The caller gets the error.
    this.#connected.catch(() => undefined)
  }

  async #connect(): Promise<void> {
    try {
      await this.#client.connect()
      await demandWritableClient(this.#client)
      this.#isConnected = true
    } catch (error) {
      this.#isUsable = false
      void this.#client.end()
      throw error
    }
  }

  /** True if it has a write pending in this turn that another statement can join. */
  get isGathering(): boolean {
    return this.#isCorked && this.waiting < mostGathered
  }

  /** False if the connection was lost, or could not be opened. */
  get isUsable(): boolean {
    return this.#isUsable
  }

  async query(statement: Statement, values: readonly unknown[]): Promise<PreparedResult> {
    this.waiting += 1
    try {
      if (!this.#isConnected) await this.#connected
      this.#gather()
      return await this.#send(this.#client, statement, values, this.#prepared)
    } finally {
      this.waiting -= 1
    }
  }

  /** Delays writes until the other requests of this turn were processed. */
  #gather(): void {
    if (this.#isCorked) return
    this.#isCorked = true
    this.#socket.cork()
    setImmediate(() => {
      this.#isCorked = false
      this.#socket.uncork()
    })
  }

  async end(): Promise<void> {
    await this.#connected.catch(() => undefined)
    if (this.#isUsable) await this.#client.end()
  }
}

export interface PipelinesOptions {
  readonly connection: pg.ClientConfig
  /** Creates the socket of a connection, so that the caller can track all of them. */
  readonly newSocket?: () => Socket
  /** False if each transaction may run in a different session, so that no statement can be prepared by name. Default: true. */
  readonly isSession?: boolean
  /** A time limit in milliseconds that each statement sets, if the session cannot have one. */
  readonly limitMs?: number | undefined
  /** Default: the fastest way that this version of pg supports. */
  readonly send?: SendStatement
  /** Maximum connections. They are opened when first needed, and reopened after a loss. */
  readonly size: number
  /** Maximum number of statements that wait for an answer, on all connections. Further ones get 503, so the caller can retry. */
  readonly mostWaiting: number
  /** Called when a connection is lost. */
  readonly onError: (error: Error) => void
}

export interface Pipelines {
  /**
   * Rejects if too many wait, if the statement fails, or if the connection is lost before the answer. In the last case it may have been
   * executed.
   */
  query(statement: Statement, values: readonly unknown[]): Promise<PreparedResult>
  /** Connections, idle ones, their maximum, and statements without an answer yet. */
  use(): { connections: number; idle: number; limit: number; waiting: number }
  /** Waits for the statements in progress. */
  end(): Promise<void>
}

export function createPipelines(options: PipelinesOptions): Pipelines {
  const { size, mostWaiting } = options
  const open: Pipeline[] = []

  /** Prefers one that is about to send anyway, then an idle one, then a new one, then the least busy one. */
  const choose = (): Pipeline => {
    for (let index = open.length - 1; index >= 0; index -= 1) if (open[index]?.isUsable === false) open.splice(index, 1)
    const gathering = open.find((pipeline) => pipeline.isGathering)
    if (gathering !== undefined) return gathering
    let best = open[0]
    for (const pipeline of open) if (best === undefined || pipeline.waiting < best.waiting) best = pipeline
    if (best !== undefined && (best.waiting === 0 || open.length >= size)) return best
    const fresh = new Pipeline(options)
    open.push(fresh)
    return fresh
  }

  const waiting = () => open.reduce((sum, pipeline) => sum + pipeline.waiting, 0)

  return {
    query: async (statement, values) => {
      if (waiting() >= mostWaiting) throw outageError(new Error(`${mostWaiting} statements are already waiting`))
      return choose().query(statement, values)
    },
    use: () => ({
      connections: open.length,
      idle: open.filter(({ waiting }) => waiting === 0).length,
      limit: size,
      waiting: waiting(),
    }),
    end: async () => void (await Promise.all(open.splice(0).map((pipeline) => pipeline.end()))),
  }
}
