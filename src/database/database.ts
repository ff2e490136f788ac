/**
 * A PostgreSQL database as the servers use it, and how to open one at a URL (the embedded one: embedded-database.ts). Owns pooling and time
 * limits, but no tables: each server has its own Prisma schema.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import { PrismaPg } from '@prisma/adapter-pg'
import type { SqlDriverAdapterFactory, SqlMigrationAwareDriverAdapterFactory } from '@prisma/driver-adapter-utils'
import pg from 'pg'
import { type Clock, systemClock } from '../base/clock.js'
import { runExclusively } from './advisory-lock.js'
import { type DatabaseTime, databaseTime, demandSameClock } from './database-clock.js'
import { connectionShares, createLanes } from './lanes.js'
import { migrationAdapter } from './migration-adapter.js'
import { isOutage, isReadOnlyError, isUndone, outageError } from './outage.js'
import { askIfReadOnly, demandWritable, demandWritableClient, type ReadOnlyAnswer } from './read-only-check.js'
import type { Sql, Statement } from './sql.js'
import { trackSockets } from './tracked-sockets.js'

export interface PoolUse {
  readonly pool: string
  readonly connections: number
  readonly idle: number
  readonly limit: number
  /** Requests for a connection, or statements without an answer yet. */
  readonly waiting: number
}

export interface Database {
  readonly sql: Sql
  /** For `new PrismaClient({ adapter })`. */
  readonly adapter: SqlDriverAdapterFactory
  /** Gives `work` its own connection. A script is one transaction, so a failed migration changes nothing. */
  withMigrationAdapter<T>(work: (adapter: SqlMigrationAwareDriverAdapterFactory) => Promise<T>): Promise<T>
  readonly embedded: boolean
  /** Runs `work` while nobody else, in any process, runs work under the same lock number on this database. */
  exclusively<T>(lock: number, work: () => Promise<T>): Promise<T>
  /** Resolves if the database answers, rejects otherwise. */
  ping(): Promise<void>
  /** Current use of its connections; empty for the embedded database. */
  pools(): readonly PoolUse[]
  close(): Promise<void>
}

/** Time-outs of the database, and the maximum number of waiting statements. Beyond them the caller gets 503 with `Retry-After`. */
export interface DatabaseLimits {
  readonly connectSeconds: number
  readonly statementSeconds: number
  /** The same for statements of the lane `search`. */
  readonly searchSeconds: number
  /** Maximum wait for a lock that another transaction holds. */
  readonly lockSeconds: number
  /** PostgreSQL ends a transaction that is idle for this long, and releases its locks. */
  readonly idleTransactionSeconds: number
  /** Maximum statements without an answer; further ones are refused at once. */
  readonly waitingStatements: number
}

export const defaultLimits: DatabaseLimits = {
  connectSeconds: 5,
  statementSeconds: 10,
  searchSeconds: 2,
  lockSeconds: 5,
  idleTransactionSeconds: 10,
  waitingStatements: 500,
}

export interface ServerDatabaseOptions {
  readonly url: string
  /** Total connections; less than 6 counts as 6. */
  readonly poolSize: number
  /** Of these, connections reserved for the lane `search`; default: none. */
  readonly searchConnections?: number
  readonly limits?: DatabaseLimits
  /**
   * True if a pooler in transaction mode (PgBouncer) is in front of PostgreSQL: each transaction may run in a different session. Then no
   * statement is prepared by name, and time limits are those of the role, except for searches, which set their own.
   */
  readonly pooled?: boolean
  /** Called with errors of idle connections, which are harmless otherwise. */
  readonly onIdleError: (error: Error) => void
  /** Compared with the database's clock at each ping; default: the system clock. */
  readonly clock?: Clock
  /**
   * Called at each ping that fails because the clocks differ; `aheadSeconds`: how far this machine's clock is ahead, negative if behind.
   */
  readonly onWrongClock?: (aheadSeconds: number) => void
}

/** With more, callers would time out before they get an answer. */
const mostWaitingSearches = 50

/** Extra time after PostgreSQL's own limit, to receive its error that the statement took too long. */
const answerGraceMs = 2_000

/** Readiness must be correct within two seconds, even if the database never answers. */
const pingMs = 1_500

/** A single statement: on a slow network, two would take longer than readiness waits. */
const pingStatement: Statement = { name: 'ping', lane: 'write', text: `${askIfReadOnly.text}, ${databaseTime}` }

/** Rejects if `work` does not finish in time. The work continues, and its result is ignored. */
async function inTime(work: Promise<unknown>, milliseconds: number): Promise<void> {
  const late = new AbortController()
  const deadline = sleep(milliseconds, undefined, { signal: late.signal }).then(() => {
    throw outageError(new Error('the database did not answer in time'))
  })
  try {
    await Promise.race([work, deadline])
  } finally {
    late.abort()
    for (const lost of [work, deadline]) lost.catch(() => undefined)
  }
}

/** Pauses before a rolled-back statement is retried, so that other transactions can finish. */
const undonePausesMs = [20, 60] as const

async function againIfUndone<T>(send: () => Promise<T>): Promise<T> {
  for (const pause of undonePausesMs) {
    try {
      return await send()
    } catch (error) {
      if (!isUndone(error)) throw error
      await sleep(pause)
    }
  }
  return send()
}

/**
 * The pool handles errors of idle connections, but nothing handles those of a connection that is borrowed for a transaction. If it is lost
 * between two statements, it emits an error event, which ends the process if there is no listener.
 */
function surviveLosses(pool: pg.Pool, onLoss: (error: Error) => void): void {
  pool.on('error', onLoss)
  pool.on('connect', (client) => client.on('error', () => undefined))
}

/**
 * Opens a PostgreSQL server: half the connections are pipelines for single statements, by lane, half a pool for Prisma and locks. Connects
 * on first use; `ping` checks that it works.
 */
export function openServerDatabase(options: ServerDatabaseOptions): Database {
  const { limits = defaultLimits, pooled = false } = options
  const connectionFor = (seconds: number) => ({
    connectionString: options.url,
    connectionTimeoutMillis: limits.connectSeconds * 1_000,
    ...(!pooled && {
      statement_timeout: seconds * 1_000,
      lock_timeout: limits.lockSeconds * 1_000,
      idle_in_transaction_session_timeout: limits.idleTransactionSeconds * 1_000,
    }),
    // PostgreSQL's own limits do not help if the network drops packets.
    query_timeout: seconds * 1_000 + answerGraceMs,
    keepAlive: true,
    application_name: 'gatehouse',
  })
  const sockets = trackSockets()
  const shares = connectionShares(options.poolSize, options.searchConnections ?? 0)
  const lanes = createLanes(shares, (lane) => ({
    connection: connectionFor(lane === 'search' ? limits.searchSeconds : limits.statementSeconds),
    newSocket: sockets.open,
    isSession: !pooled,
    // The role's limits may be longer than a search should take.
    limitMs: pooled && lane === 'search' ? limits.searchSeconds * 1_000 : undefined,
    mostWaiting: lane === 'search' ? mostWaitingSearches : limits.waitingStatements,
    onError: options.onIdleError,
  }))
  const pool = new pg.Pool({
    ...connectionFor(limits.statementSeconds),
    stream: sockets.open,
    onConnect: demandWritableClient,
    max: shares.transactions,
    idleTimeoutMillis: 60_000,
  })
  surviveLosses(pool, options.onIdleError)
  // Prisma's queries do not go through `sql`.
  pool.on('connect', ({ connection }: Partial<pg.Client>) =>
    connection?.on('errorMessage', (error: unknown) => void (isReadOnlyError(error) && sockets.closeAll())),
  )
  const sql: Sql = {
    query: async <Row>(statement: Statement, values: readonly unknown[]) => {
      const lane = lanes[statement.lane]
      const { rows, rowCount } = await againIfUndone(() => lane.query(statement, values)).catch((error: unknown) => {
        if (isReadOnlyError(error)) sockets.closeAll()
        throw isOutage(error) ? outageError(error) : error
      })
      return { rows: rows as Row[], rowCount }
    },
  }
  const ask = async () => {
    const { rows } = await sql.query<ReadOnlyAnswer & DatabaseTime>(pingStatement, [])
    const [answer] = rows
    if (answer === undefined) throw new Error('the database gave no answer')
    if (answer.readOnly) sockets.closeAll()
    demandWritable(answer)
    return answer
  }
  const ping = () => demandSameClock(ask, options.clock ?? systemClock, options.onWrongClock)
  return {
    sql,
    adapter: new PrismaPg(pool),
    withMigrationAdapter: async (work) => {
      const own = new pg.Pool({ connectionString: options.url, max: 1, application_name: 'gatehouse migrate' })
      surviveLosses(own, options.onIdleError)
      try {
        return await work(migrationAdapter(new PrismaPg(own), (script) => own.query(script)))
      } finally {
        await own.end()
      }
    },
    embedded: false,
    exclusively: (lock, work) => runExclusively(pool, lock, work),
    ping: () => inTime(ping(), pingMs),
    pools: () => [
      { pool: 'reads', ...lanes.read.use() },
      { pool: 'writes', ...lanes.write.use() },
      { pool: 'security', ...lanes.security.use() },
      // A search connection that was not reserved counts only once it is used.
      ...[lanes.search.use()]
        .filter(({ connections }) => shares.search > 0 || connections > 0)
        .map((use) => ({ pool: 'searches', ...use })),
      {
        pool: 'transactions',
        connections: pool.totalCount,
        idle: pool.idleCount,
        limit: pool.options.max,
        waiting: pool.waitingCount,
      },
    ],
    close: async () => void (await Promise.all([...Object.values(lanes).map((lane) => lane.end()), pool.end()])),
  }
}
