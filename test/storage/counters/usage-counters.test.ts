import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import type { Sql } from '../../../src/database/sql.js'
import { createUsageCounters, type UsageCountersOptions } from '../../../src/storage/counters/usage-counters.js'
import { sweepExpired } from '../../../src/storage/sweep.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { eventually } from '../../support/eventually.js'
import { openTestStorage, type TestStorage } from '../test-storage.js'

describeOnDatabases('Limits counted in the background, on %s', (kind) => {
  let given: TestStorage
  const underWay = new Set<Promise<unknown>>()
  /** One of several processes. `sql`: in place of the database. */
  const newProcess = (options: UsageCountersOptions = {}, sql: Sql = given.storage.database.sql) => {
    const watched: Sql = {
      query: (statement, values) => {
        const answer = sql.query<never>(statement, values)
        underWay.add(answer)
        return answer
      },
    }
    return createUsageCounters(watched, given.storage.clock, { flushEveryMs: 1, ...options })
  }
  const five = { name: 'five', limit: 5, windowSeconds: 60 }
  const hundred = { name: 'hundred', limit: 100, windowSeconds: 600 }
  const used = async () =>
    (await given.storage.prisma.rateLimit.findMany()).map((row) => row.used).sort((left, right) => left - right)
  const take = (process: ReturnType<typeof newProcess>, times: number, limit = five, who = 'somebody') =>
    Array.from({ length: times }, () => process.take(limit, who)).filter((excess) => excess === undefined).length

  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  // What the test before left to settle is over by then, and never written.
  beforeEach(async () => {
    given.advance(3_600)
    await Promise.allSettled(underWay)
    await given.storage.prisma.rateLimit.deleteMany()
  })
  afterAll(() => given.close())

  it('allow so many uses, say how long to wait, and begin anew with the next window', async () => {
    const process = newProcess()
    // The test's clock stands at a full minute.
    given.advance(20)
    expect(process.excess(five, 'somebody')).toBeUndefined()
    expect(take(process, 9)).toBe(5)
    expect(process.take(five, 'somebody')).toEqual({ retryAfterSeconds: 40 })
    expect(process.excess(five, 'somebody')).toEqual({ retryAfterSeconds: 40 })
    expect(process.excess({ ...five, name: 'other' }, 'somebody')).toBeUndefined()
    expect(take(process, 9, five, 'somebody else')).toBe(5)
    expect(take(process, 1_000, { ...five, limit: 0 })).toBe(1_000)
    given.advance(40)
    expect(take(process, 9)).toBe(5)
  })

  it('take back what came to nothing, in every process, and never from a later window', async () => {
    const [one, other] = [newProcess(), newProcess()]
    const reservation = one.reserve(hundred, 'somebody', 60)
    await eventually(async () => (await used()).join() === '60')
    expect(take(one, 1, { ...hundred, limit: 60 })).toBe(0)
    reservation.giveBack()
    await eventually(async () => (await used()).join() === '0')
    expect(take(one, 150, hundred)).toBe(100)
    expect(take(other, 10, hundred)).toBe(10)
    await eventually(async () => other.excess(hundred, 'somebody') !== undefined)
    given.advance(600)
    const late = one.reserve(hundred, 'somebody', 90)
    expect(late.excess).toBeUndefined()
    expect(one.reserve(hundred, 'somebody', 11).excess).toBeDefined()
    given.advance(600)
    expect(take(one, 50, hundred)).toBe(50)
    late.giveBack()
    expect(take(one, 60, hundred)).toBe(50)
  })

  it('are shared by processes, each of which may let through a tenth more', async () => {
    const [one, other] = [newProcess(), newProcess()]
    expect(take(one, 150, hundred)).toBe(100)
    await eventually(async () => (await used()).join() === '100')
    expect(take(other, 9, hundred)).toBe(9)
    expect(other.excess(hundred, 'somebody')).toBeUndefined()
    expect(take(other, 1, hundred)).toBe(1)
    await eventually(async () => other.excess(hundred, 'somebody') !== undefined)
    expect(take(other, 50, hundred)).toBe(0)
    expect(await used()).toEqual([110])
  })

  it('add up what several processes count at the same time', async () => {
    const processes = [newProcess(), newProcess(), newProcess()]
    for (let round = 0; round < 10; round += 1) {
      for (const process of processes) take(process, 2, { ...hundred, limit: 60 })
      await new Promise((resolve) => setImmediate(resolve))
    }
    await eventually(async () => (await used()).join() === '60')
  })

  it('write nothing for those who stay below a tenth, and neither names nor addresses for the others', async () => {
    const process = newProcess()
    for (let address = 0; address < 200; address += 1) take(process, 9, hundred, `192.0.2.${address}`)
    take(process, 10, hundred, '198.51.100.7')
    await eventually(async () => (await used()).join() === '10')
    expect(await given.holds('198.51')).toBe(false)
  })

  it('settle many in several statements of bounded size, and are swept when their window has ended', async () => {
    const sizes: number[] = []
    const { sql } = given.storage.database
    const process = newProcess(
      {},
      {
        query: (statement, values) => {
          sizes.push((JSON.parse(String(values[0])) as unknown[]).length)
          return sql.query(statement, values)
        },
      },
    )
    for (let address = 0; address < 1_200; address += 1) take(process, 1, five, `address ${address}`)
    await eventually(async () => (await given.storage.prisma.rateLimit.count()) === 1_200)
    expect(Math.max(...sizes)).toBe(500)
    given.advance(60 + 360)
    const deleted: number[] = []
    const watched: Sql = {
      query: async (statement, values) => {
        const answer = await sql.query<never>(statement, values)
        deleted.push(answer.rowCount)
        return answer
      },
    }
    expect(await sweepExpired({ ...given.storage, database: { ...given.storage.database, sql: watched } })).toBe(1_200)
    expect(deleted.filter((rows) => rows > 0)).toEqual([500, 500, 200])
  })

  it('go on in each process alone while the database is away, say so once, and settle when it is back', async () => {
    let isAway = true
    let failures = 0
    const { sql } = given.storage.database
    const told: unknown[] = []
    const process = newProcess(
      { onFailure: (error) => told.push(error) },
      {
        query: (statement, values) => {
          if (!isAway) return sql.query(statement, values)
          failures += 1
          return Promise.reject(new Error('away'))
        },
      },
    )
    expect(take(process, 9)).toBe(5)
    await eventually(async () => failures >= 3)
    expect(take(process, 9)).toBe(0)
    expect(told).toHaveLength(1)
    isAway = false
    await eventually(async () => (await used()).join() === '5')
  })

  it('forget who was quiet for longest when they are too many to remember', async () => {
    const process = newProcess({ maxEntries: 10 })
    take(process, 5)
    for (let address = 0; address < 10; address += 1) take(process, 1, hundred, `${address}`)
    expect(process.excess(five, 'somebody')).toBeUndefined()
    // What was settled is known again as soon as it matters.
    await eventually(async () => (await used()).join() === '5')
    expect(take(process, 1)).toBe(1)
    await eventually(async () => process.excess(five, 'somebody') !== undefined)
  })
})
