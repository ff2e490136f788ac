import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type pg from 'pg'
import type { Database } from '../../src/database/database.js'
import { createDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { newClient, openServerDatabase } from '../support/opened.js'

const touch = { name: 'touch', lane: 'write' as const, text: 'UPDATE rows SET used = used + 1 WHERE id = $1' }

/** Locks row 1 first, row 2 after it: the second update is the condition of nothing, but comes last. */
const both = {
  name: 'both',
  lane: 'write' as const,
  text: `WITH first AS (UPDATE rows SET used = used + 1 WHERE id = 1 RETURNING id)
    UPDATE rows SET used = used + 1 WHERE id = 1 + (SELECT id FROM first) RETURNING used`,
}

/** Whoever has locked rows of the table and waits for more. */
const waitsForLock = `SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted
  AND pid IN (SELECT pid FROM pg_locks WHERE relation = 'rows'::regclass)`

const answers = (work: Promise<unknown>) =>
  work.then(
    () => true,
    () => false,
  )

describeOnPostgres('Two transactions that wait for each other', () => {
  let database: Database
  let other: pg.Client

  beforeAll(async () => {
    const url = await createDatabase('deadlock')
    database = openServerDatabase({ url, poolSize: 2, onIdleError: () => undefined })
    other = newClient({ connectionString: url })
    await other.connect()
    await other.query('CREATE TABLE rows (id int PRIMARY KEY, used int NOT NULL)')
    await other.query('INSERT INTO rows VALUES (1, 0), (2, 0)')
  })
  afterAll(async () => {
    await other.end()
    await database.close()
  })

  it('a statement that was taken back for that is carried out after all, once', async () => {
    await other.query('BEGIN')
    // The other one never looks for deadlocks itself, so that ours is the one to give way.
    await other.query("SET LOCAL deadlock_timeout = '60s'")
    await other.query(touch.text, [2])
    const ours = database.sql.query<{ used: number }>(both, [])
    for (let waiting = 0; waiting === 0; ) {
      const { rows } = await other.query(waitsForLock)
      waiting = rows[0].n
    }
    await other.query(touch.text, [1])
    await other.query('COMMIT')
    expect((await ours).rows).toEqual([{ used: 2 }])
    expect((await other.query('SELECT id, used FROM rows ORDER BY id')).rows).toEqual([
      { id: 1, used: 2 },
      { id: 2, used: 2 },
    ])
  })
})

describeOnPostgres('A statement that cannot be prepared', () => {
  it('fails alike for all who send it at once, and works when what it needs is there', async () => {
    const url = await createDatabase('unprepared')
    const database = openServerDatabase({ url, poolSize: 4, onIdleError: () => undefined })
    const statement = { name: 'later_find', lane: 'read' as const, text: 'SELECT id FROM later' }
    const codeOf = (work: Promise<unknown>) =>
      work.then(
        () => 'found',
        (error: unknown) => (error as { code?: unknown }).code,
      )
    const all = () => Promise.all(Array.from({ length: 3 }, () => codeOf(database.sql.query(statement, []))))
    try {
      // 42P01: undefined table. Behind the first of them in the pipeline, the others found nothing prepared (26000).
      expect(new Set(await all())).toEqual(new Set(['42P01']))
      await database.sql.query({ name: 'later_make', lane: 'write' as const, text: 'CREATE TABLE later (id int)' }, [])
      expect(new Set(await all())).toEqual(new Set(['found']))
    } finally {
      await database.close()
    }
  })
})

describeOnPostgres('A database that writes no more', () => {
  it('loses all its connections, and has none until it writes again', async () => {
    const url = await createDatabase('readonly')
    const admin = newClient({ connectionString: url })
    await admin.connect()
    await admin.query('CREATE TABLE rows (id int)')
    const become = (value: 'on' | 'off') =>
      admin.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = ${value}`)
    const lost: Error[] = []
    const database = openServerDatabase({ url, poolSize: 4, onIdleError: (error) => lost.push(error) })
    const read = { name: 'read_backend', lane: 'read' as const, text: 'SELECT pg_backend_pid() AS pid' }
    const write = { name: 'write_row', lane: 'write' as const, text: 'INSERT INTO rows VALUES (1)' }
    const isOutage = { code: 'temporarily_unavailable', status: 503 }
    try {
      await become('on')
      // Nothing is read from it either: it may be a standby that lacks what was stored a moment ago.
      await expect(database.sql.query(read, [])).rejects.toMatchObject(isOutage)
      await expect(database.sql.query(write, [])).rejects.toMatchObject(isOutage)
      await expect(database.ping()).rejects.toMatchObject(isOutage)
      await expect(database.exclusively(7, async () => undefined)).rejects.toMatchObject({ code: '25006' })

      await become('off')
      await eventually(() => answers(database.ping()))
      const { rows: before } = await database.sql.query<{ pid: number }>(read, [])
      await database.sql.query(write, [])
      // A session becomes what the old primary is when it lives on behind the same address.
      await database.sql.query(
        {
          name: 'demote',
          lane: 'write' as const,
          text: `WITH demoted AS (SELECT set_config('default_transaction_read_only', 'on', false)) INSERT INTO rows SELECT 2 FROM demoted`,
        },
        [],
      )
      await expect(database.sql.query(write, [])).rejects.toMatchObject(isOutage)
      await eventually(() => answers(database.sql.query(write, [])))
      // The connection for reads was closed with the one that was told so.
      const { rows: after } = await database.sql.query<{ pid: number }>(read, [])
      expect(after).not.toEqual(before)
      expect(lost.length).toBeGreaterThan(0)
    } finally {
      await Promise.all([admin.end(), database.close()])
    }
  })
})

describeOnPostgres('A machine whose clock is not the database’s', () => {
  it('is not ready while they are more than ten seconds apart, and says which way', async () => {
    let aheadSeconds = 0
    const told: number[] = []
    const database = openServerDatabase({
      url: await createDatabase('clocks'),
      poolSize: 4,
      onIdleError: () => undefined,
      clock: { now: () => new Date(Date.now() + aheadSeconds * 1_000) },
      onWrongClock: (seconds) => told.push(seconds),
    })
    try {
      for (const [offset, ready] of [
        [0, true],
        [600, false],
        [-600, false],
        [3, true],
        [-3, true],
      ] as const) {
        aheadSeconds = offset
        told.length = 0
        // A busy machine may need several looks; each that it was not ready for another reason told nothing.
        await eventually(async () => (await answers(database.ping())) || told.length > 0)
        expect([offset, told.map((seconds) => Math.round(seconds / 100))]).toEqual([
          offset,
          ready ? [] : [offset / 100],
        ])
      }
    } finally {
      await database.close()
    }
  })
})
