import { describe, expect, it } from '@jest/globals'
import { createSignInThrottle } from '../../src/authorization-server/login/throttle.js'
import type { Database } from '../../src/database/database.js'
import { connectionShares, leastConnections } from '../../src/database/lanes.js'
import { isStatementTimeout } from '../../src/database/outage.js'
import type { Sql } from '../../src/database/sql.js'
import { createApiKeyStore } from '../../src/mcp-host/api-keys.js'
import { createProofReplayStore } from '../../src/mcp-host/proof-replays.js'
import { createSharedBuckets } from '../../src/mcp-host/shared-buckets.js'
import { createNotesStore } from '../../src/notes/notes.js'
import { createRateLimits } from '../../src/storage/counters/rate-limits.js'
import { createUsageCounters } from '../../src/storage/counters/usage-counters.js'
import { createDatabase, openTestDatabase } from '../support/databases.js'
import { describeOnPostgres } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'
import { newClient, openServerDatabase } from '../support/opened.js'

describe('The shares of the lanes', () => {
  it.each([0, 2])('are the pool and never more, with %i connections for searches', (searches) => {
    for (let poolSize = leastConnections; poolSize <= 200; poolSize += 1) {
      const shares = connectionShares(poolSize, searches)
      expect(Object.values(shares).reduce((sum, share) => sum + share, 0)).toBe(poolSize)
      expect([shares.read, shares.security]).toEqual([1, 1])
      expect([shares.write >= 1, shares.transactions >= 2]).toEqual([true, true])
    }
  })
})

describe('What guards other requests', () => {
  it('declares the lane for security, whatever its text begins with', async () => {
    const { lanes, sql } = watch()
    const clock = { now: () => new Date() }
    await Promise.all([
      createProofReplayStore(sql).rememberOnce('key\njti', new Date()),
      createApiKeyStore(sql).find('id'),
      createRateLimits(sql, clock).take({ what: 'a', perAddress: 1, windowSeconds: 60 }, '192.0.2.1'),
      createSignInThrottle(sql, clock).begin({ email: 'ada@example.org', address: '192.0.2.1' }),
    ])
    createUsageCounters(sql, clock, { flushEveryMs: 1 }).take({ name: 'a', limit: 1, windowSeconds: 60 }, 'somebody')
    await createSharedBuckets(sql, { flushEveryMs: 1 }).take('a', 1, { perSecond: 1, burst: 1 }, new Date())
    await eventually(async () => lanes.length === 6)
    expect(new Set(lanes)).toEqual(new Set(['security']))
  })

  function watch() {
    const lanes: string[] = []
    const sql: Sql = {
      query: async (statement) => {
        lanes.push(statement.lane)
        return { rows: [], rowCount: 0 }
      },
    }
    return { lanes, sql }
  }
})

/** Ends when somebody else lets the lock go, or at its own limit. */
const search = { name: 'waiting_search', lane: 'search', text: 'SELECT pg_advisory_xact_lock(1)' } as const

describeOnPostgres('Searches that take long', () => {
  const open = (url: string, searchSeconds: number, pooled = false): Database =>
    openServerDatabase({
      url,
      poolSize: 6,
      searchConnections: 1,
      pooled,
      limits: {
        connectSeconds: 120,
        statementSeconds: 120,
        searchSeconds,
        lockSeconds: 120,
        idleTransactionSeconds: 5,
        waitingStatements: 100,
      },
      onIdleError: () => undefined,
    })

  /** Runs `work` while another session has the lock that every search waits for. */
  async function whileLocked(url: string, work: (letGo: () => Promise<unknown>) => Promise<void>): Promise<void> {
    const other = newClient({ connectionString: url })
    await other.connect()
    await other.query('SELECT pg_advisory_lock(1)')
    await work(() => other.query('SELECT pg_advisory_unlock(1)'))
  }

  it('keep neither guards nor reads nor writes waiting', async () => {
    const url = await createDatabase('lanes')
    const { sql } = open(url, 120)
    await whileLocked(url, async (letGo) => {
      const searches = Array.from({ length: 4 }, () => sql.query(search, []))
      for (const lane of ['read', 'write', 'security'] as const) {
        // Answered before the lock is let go: a statement behind a search would wait for ever.
        await sql.query({ name: `while_${lane}`, lane, text: 'SELECT 1' }, [])
      }
      await letGo()
      await Promise.all(searches)
    })
  })

  it('bring their limit along behind a pooler, and leave it to nobody', async () => {
    const { sql } = open(await createDatabase('lanes'), 1, true)
    const text = "SELECT current_setting('statement_timeout') AS limit, $1::text AS value"
    const limitOf = async (lane: 'search' | 'read', value: string) =>
      (await sql.query({ name: 'shown_limit', lane, text }, [value])).rows
    for (let turn = 0; turn < 2; turn += 1) {
      expect(await Promise.all([limitOf('search', 'a'), limitOf('read', 'b'), limitOf('search', 'c')])).toEqual([
        [{ limit: '1s', value: 'a' }],
        [{ limit: '0', value: 'b' }],
        [{ limit: '1s', value: 'c' }],
      ])
    }
  })

  it.each([false, true])('end at their own limit, with a pooler in transaction mode: %p', async (pooled) => {
    const url = await createDatabase('lanes')
    const { sql } = open(url, 1, pooled)
    await whileLocked(url, async () => {
      for (const outcome of await Promise.allSettled([1, 2].map(() => sql.query(search, [])))) {
        if (outcome.status === 'fulfilled') throw new Error('a search was answered without the lock')
        if (!isStatementTimeout(outcome.reason)) throw outcome.reason
        // By PostgreSQL, and not by this server's own patience, which leaves the statement to run on.
        expect(outcome.reason).toMatchObject({ cause: { code: '57014' } })
      }
    })
  })
})

describe('Searches of notes', () => {
  /** Every search waits until it is let go. */
  function slowDatabase(database: Database) {
    const begun: unknown[] = []
    const ends: (() => void)[] = []
    const sql: Sql = {
      query: (_statement, [ownerId]) => {
        begun.push(ownerId)
        return new Promise((resolve) => ends.push(() => resolve({ rows: [], rowCount: 0 })))
      },
    }
    return { begun, ends, slow: { ...database, sql } }
  }

  it('run one at a time for each person, take turns, and are refused when too many of one person wait', async () => {
    const database = await openTestDatabase('embedded', 'notes')
    try {
      const { begun, ends, slow } = slowDatabase(database)
      const store = createNotesStore(slow, { now: () => new Date() })
      const search = (owner: string) => store.search(owner, 'word', { limit: 5 }).then(() => 'found', String)
      const flood = Array.from({ length: 12 }, () => search('loud'))
      const others = ['ada', 'ben', 'eve'].map(search)
      await eventually(async () => begun.length === 2)
      expect(begun).toEqual(['loud', 'ada'])
      const release = setInterval(() => ends.shift()?.(), 1)
      try {
        expect(await Promise.all(others)).toEqual(['found', 'found', 'found'])
        const answers = await Promise.all(flood)
        expect(answers.filter((answer) => answer === 'found')).toHaveLength(8)
        expect(answers.filter((answer) => answer === 'SearchRefused: busy')).toHaveLength(4)
        expect(new Set(begun.slice(0, 6))).toEqual(new Set(['ada', 'ben', 'eve', 'loud']))
      } finally {
        clearInterval(release)
      }
    } finally {
      await database.close()
    }
  })
})
