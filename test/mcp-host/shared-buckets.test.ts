import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Database } from '../../src/database/database.js'
import type { Sql } from '../../src/database/sql.js'
import { sweepExpiredRows } from '../../src/mcp-host/expired-rows.js'
import { createSharedBuckets } from '../../src/mcp-host/shared-buckets.js'
import { createBuckets, type RateLimitStore } from '../../src/resource-server/index.js'
import { openTestDatabase } from '../support/databases.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { eventually } from '../support/eventually.js'

const start = Date.parse('2026-11-21T12:00:00Z')
const limit = { perSecond: 5, burst: 10 }

describeOnDatabases('Token buckets that replicas share, on %s', (kind) => {
  let database: Database
  beforeAll(async () => {
    database = await openTestDatabase(kind, 'notes')
  })
  afterAll(() => database.close())

  /** One of several processes; `settled` resolves when what was taken until now is known to the database. */
  function newProcess(sql: Sql = database.sql) {
    let answered = 0
    let tookAt = -1
    const watched: Sql = {
      query: async (statement, values) => {
        const answer = await sql.query<never>(statement, values)
        answered += 1
        return answer
      },
    }
    const store: RateLimitStore = createSharedBuckets(watched, { flushEveryMs: 1 })
    return {
      take: async (key: string, seconds: number, cost = 1) => {
        const wait = await store.take(key, cost, limit, new Date(start + seconds * 1_000))
        if (wait === 0) tookAt = answered
        return wait
      },
      settled: () => eventually(async () => answered > tookAt),
    }
  }

  const rows = async () =>
    (await database.sql.query<{ key: string }>({ name: 'all', lane: 'read', text: 'SELECT key FROM call_buckets' }, []))
      .rows.length

  it('judge as exactly as buckets of one process, when there is one', async () => {
    const process = newProcess()
    const plain = createBuckets()
    let seconds = 0
    let [allowed, refused] = [0, 0]
    for (let step = 0; step < 120; step += 1) {
      // Bursts and pauses, the same in every run.
      seconds += step % 40 === 39 ? 2.5 : ((step * 37) % 7) / 40
      const cost = 1 + (step % 3)
      const [wait, expected] = [
        await process.take('exact', seconds, cost),
        await plain.take('exact', cost, limit, new Date(start + seconds * 1_000)),
      ]
      expect(wait).toBeCloseTo(expected, 2)
      if (wait === 0) allowed += 1
      else refused += 1
      await process.settled()
    }
    expect(Math.min(allowed, refused)).toBeGreaterThan(20)
  })

  it('let through what one limit allows, however many replicas a caller spreads its requests over', async () => {
    const processes = [newProcess(), newProcess(), newProcess(), newProcess()]
    let allowed = 0
    for (let second = 0; second < 40; second += 1) {
      for (const process of processes) {
        for (let times = 0; times < 4; times += 1) if ((await process.take('spread', second)) === 0) allowed += 1
      }
      await Promise.all(processes.map((process) => process.settled()))
    }
    // 16 a second were asked for, 5 are allowed; on top what stood ready at the beginning at each of them, and what each lets through
    // before it has heard of the others.
    expect(allowed).toBeGreaterThanOrEqual(40 * limit.perSecond)
    expect(allowed).toBeLessThanOrEqual(40 * limit.perSecond + 4 * limit.burst)
  })

  it('count for themselves while the database is away, and together again afterwards', async () => {
    let isAway = true
    const flaky: Sql = {
      query: async (statement, values) => {
        if (isAway) throw new Error('away')
        return database.sql.query(statement, values)
      },
    }
    const [one, other] = [newProcess(flaky), newProcess()]
    for (let times = 0; times < 12; times += 1) {
      expect((await one.take('away', 0)) === 0).toBe(times < limit.burst)
    }
    expect(await other.take('away', 0)).toBe(0)
    await other.settled()
    isAway = false
    await one.settled()
    expect(await other.take('away', 0)).toBe(0)
    await other.settled()
    // Twelve are owed by now: ten there, two here.
    expect(await other.take('away', 0)).toBeCloseTo(3 / limit.perSecond, 1)
  })

  it('outlive a clock that is set back, and are swept once they are full', async () => {
    const process = newProcess()
    for (let times = 0; times < 10; times += 1) expect(await process.take('clock', 100_000)).toBe(0)
    await process.settled()
    expect(await process.take('clock', 0)).toBeCloseTo(0.2, 2)
    expect(await process.take('clock', 0.4)).toBe(0)
    await process.settled()
    expect(await process.take('clock', 1)).toBeLessThan((16 * limit.burst) / limit.perSecond)

    expect(await rows()).toBeGreaterThan(0)
    const clock = { now: () => new Date(start + 200_000_000) }
    expect(await sweepExpiredRows(database.sql, clock)).toBeGreaterThan(0)
    expect(await rows()).toBe(0)
  })
})
