/**
 * A PostgreSQL database as the servers use it, and how one at a URL is opened (the embedded one: embedded-database.ts). Owns pooling and time
 * limits. Does not own any table: each server brings its own Prisma schema.
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
  /** Requests for a connection, or statements that were not answered yet. */
  readonly waiting: number
}

export interface Database {
  readonly sql: Sql
  /** For `new PrismaClient({ adapter })`. */
  readonly adapter: SqlDriverAdapterFactory
  /** Lends `work` a connection of its own. A script is one transaction, so that a migration that fails leaves nothing. */
  withMigrationAdapter<T>(work: (adapter: SqlMigrationAwareDriverAdapterFactory) => Promise<T>): Promise<T>
  readonly embedded: boolean
  /** Runs `work` while nobody else, in any process, runs work under the same lock number on this database. */
  exclusively<T>(lock: number, work: () => Promise<T>): Promise<T>
  /** Resolves when the database answers, throws otherwise. */
  ping(): Promise<void>
  /** How its connections are used at this moment; none for the embedded one. */
  pools(): readonly PoolUse[]
  close(): Promise<void>
}

/** Time-outs of the database, and how many statements may wait. Beyond them the caller gets 503 with `Retry-After`. */
export interface DatabaseLimits {
  readonly connectSeconds: number
  readonly statementSeconds: number
  /** The same for statements of the lane `search`, which are short or not worth their answer. */
  readonly searchSeconds: number
  /** For a lock that somebody else holds. */
  readonly lockSeconds: number
  /** A transaction in which nothing happens is ended, and its locks with it. */
  readonly idleTransactionSeconds: number
  /** Statements that were not answered yet; further ones are refused at once. */
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
  /** Connections in all; fewer than 6 count as 6. */
  readonly poolSize: number
  /** Of these, for the lane `search`; default: none are set aside. */
  readonly searchConnections?: number
  readonly limits?: DatabaseLimits
  /**
   * True if a pool in transaction mode (PgBouncer) is in front of PostgreSQL: a connection may be another session in each
   * transaction. Nothing is prepared for later then, and PostgreSQL's time limits are those of its role, but for searches: they bring
   * their own.
   */
  readonly pooled?: boolean
  /** Called with errors of idle connections, which are otherwise harmless. */
  readonly onIdleError: (error: Error) => void
  /** Compared with the database's at each ping; default: the system's. */
  readonly clock?: Clock
  /** Called at each ping that fails because the two differ; `aheadSeconds`: how far this machine's is ahead, negative when behind. */
  readonly onWrongClock?: (aheadSeconds: number) => void
}

/** More would not be answered within the patience of a caller. */
const mostWaitingSearches = 50

/** How much longer than PostgreSQL itself we wait for the answer that a statement took too long. */
const answerGraceMs = 2_000

/** Readiness tells the truth within two seconds, also when nothing comes back at all. */
const pingMs = 1_500

/** One statement for all it asks: where the way is slow, two would take longer than readiness waits. */
const pingStatement: Statement = { name: 'ping', lane: 'write', text: `${askIfReadOnly.text}, ${databaseTime}` }

/** Rejects when `work` is not over in time; it goes on, and what becomes of it no longer matters. */
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

/** How long a statement that was taken back lets others go first, before each of its further tries. */
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
 * The pool listens to idle connections, but nothing listens to one that is borrowed for a transaction. If it is lost between two
 * statements, it emits an error event, and an error event without a listener ends the process.
 */
function surviveLosses(pool: pg.Pool, onLoss: (error: Error) => void): void {
  pool.on('error', onLoss)
  pool.on('connect', (client) => client.on('error', () => undefined))
}

/**
 * Opens a PostgreSQL server: half the connections are pipelines for single statements, by lane, half a pool for Prisma and locks.
 * Connects on first use; `ping` tells whether it works.
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
    // The server's own limits are of no use when nothing comes through to it, or back.
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
    // The limits of the role are for statements that are meant to take their time.
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
  // What Prisma asks does not come by `sql`.
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
      // Without a share of its own it is no part of the promise that `poolSize` makes, until somebody uses it.
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
