/**
 * A few connections to PostgreSQL that each carry many statements at once (protocol pipelining), for single prepared statements.
 * A statement does not wait for the answer to the one before it, and what is asked in one turn of the event loop leaves in one
 * write: under load that is a third of the system calls, and a backend that is still awake. Every statement is its own
 * transaction and fails alone. Not for sessions, transactions or locks that outlive a statement: those use the pool.
 */
import { Socket } from 'node:net'
import pg from 'pg'
import { outageError } from './outage.js'
import { type PreparedOptions, type PreparedResult, type SendStatement, sendStatement } from './prepared-query.js'
import { demandWritableClient } from './read-only-check.js'
import type { Statement } from './sql.js'

/** Statements that share a write wait for each other: behind commits that reach the disk one by one, not too many should. */
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
  /** Statements that were not answered yet. */
  waiting = 0

  constructor({ connection, newSocket, isSession, limitMs, send, onError }: PipelinesOptions) {
    this.#socket = newSocket?.() ?? new Socket()
    this.#send = send ?? sendStatement
    this.#prepared = { isNamed: isSession ?? true, limitMs }
    this.#client = new pg.Client({ ...connection, pipeline: true, stream: () => this.#socket })
    // pg fails every statement under way itself; this keeps a lost connection from ending the process.
    this.#client.on('error', (error) => {
      this.#isUsable = false
      onError(error)
    })
    this.#client.on('end', () => {
      this.#isUsable = false
    })
    this.#connected = this.#connect()
    // The caller gets the error, if there is one.
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

  /** Has something to send in this turn that one more statement can leave with. */
  get isGathering(): boolean {
    return this.#isCorked && this.waiting < mostGathered
  }

  /** False once the connection is gone, or never came about. */
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

  /** Holds back what is written until the other requests of this turn were looked at. */
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
  /** Makes the socket of a connection, for who needs to know them all. */
  readonly newSocket?: () => Socket
  /** False where a connection may be another session in each transaction: nothing can be prepared for later. Default: true. */
  readonly isSession?: boolean
  /** A time limit in milliseconds that each statement brings along, where the session cannot have one. */
  readonly limitMs?: number | undefined
  /** Default: the shortest way that this version of pg has. */
  readonly send?: SendStatement
  /** Most connections. They are opened when first needed, and again after they were lost. */
  readonly size: number
  /**
   * Maximum number of statements that wait for an answer, over all connections. Further ones are refused with 503, so the caller
   * can retry.
   */
  readonly mostWaiting: number
  /** Called when a connection is lost. */
  readonly onError: (error: Error) => void
}

export interface Pipelines {
  /** Rejects when too many wait, the statement fails, or its connection is lost before the answer: then it may have been carried out. */
  query(statement: Statement, values: readonly unknown[]): Promise<PreparedResult>
  /** Connections, those without a statement under way, the most there will be, and statements not answered yet. */
  use(): { connections: number; idle: number; limit: number; waiting: number }
  /** Lets statements under way end. */
  end(): Promise<void>
}

export function createPipelines(options: PipelinesOptions): Pipelines {
  const { size, mostWaiting } = options
  const open: Pipeline[] = []

  /** One that is about to send anyway; else the one with the least to do, and a new one rather than a busy one. */
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
