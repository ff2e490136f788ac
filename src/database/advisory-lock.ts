/**
 * Advisory locks: work that only one process does at a time. The lock belongs to a transaction, not to a session. A pool in
 * transaction mode (PgBouncer) gives each transaction another session, so a session lock would pass to other clients.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'

/**
 * The holder of any lock holds this one too, so at most one connection of a database is idle in a transaction while its work needs others.
 * With two connections in all, two holders of different locks would wait for each other's.
 */
const anyLock = 0x6a7e_0000

/** A waiter holds no connection between two attempts: if there are few, the work itself needs them. */
const betweenTriesMs = 50

/** The transaction that holds the lock is idle while the work runs. PostgreSQL 17 has the second time-out. */
const waitWithoutLimit = `SELECT set_config(name, '0', true) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout')`

/** A connection in a transaction that holds the lock; `undefined` when somebody else has it. */
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
 * Runs `work`, which takes further connections, while nobody else runs work under a lock of this database. `lock` names the work, for
 * releases that know no common lock. Work must not ask for another lock: it would wait for itself.
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
