/**
 * Advisory locks: only one process at a time runs the work. The lock belongs to a transaction, not to a session. A pooler in transaction
 * mode (PgBouncer) gives each transaction a different session, so other clients would get a session lock.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/**
 * The holder of any lock holds this one too, so at most one connection of a database is idle in a transaction while its work needs others.
 * With only two connections, holders of two different locks would wait for each other's connection.
 */
const anyLock = 0x6a7e_0000

/** A waiter holds no connection between two attempts: if there are few, the work itself needs them all. */
const betweenTriesMs = 50

/**
 * The transaction that holds the lock is idle while the work runs, so it must not time out. The second time-out exists since PostgreSQL 17.
 */
const waitWithoutLimit = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`

/** A connection in a transaction that holds the lock; `undefined` if somebody else holds it. */
async function tryLock(pool: pg.Pool, lock: number): Promise<pg.PoolClient | undefined> {
  const client = await pool.connect()
  try {
    await client.query(`BEGIN; ${waitWithoutLimit}`)
    const { rows } = await client.query<{ held: boolean }>(
      'SELECT pg_try_advisory_xact_lock($1) AND pg_try_advisory_xact_lock($2) AS held',
      [anyLock, lock],
    )
    if (rows[0]?.held === true) return client
    await client.query('ROLLBACK')
  } catch (error) {
    client.release(true)
    throw error
  }
  client.release()
  return undefined
}

/**
 * Runs `work`, which uses further connections, while nobody else runs work under a lock of this database. `lock` names the work, for
 * releases without the common lock. Work must not take another lock: it would wait for itself.
 */
export async function runExclusively<T>(pool: pg.Pool, lock: number, work: () => Promise<T>): Promise<T> {
  let holder = await tryLock(pool, lock)
  while (holder === undefined) {
    await sleep(betweenTriesMs)
    holder = await tryLock(pool, lock)
  }
  const client = holder
  try {
    return await work()
  } finally {
    await client.query('ROLLBACK').then(
      () => client.release(),
      // The connection was lost, and the lock with it.
      () => client.release(true),
    )
  }
}
