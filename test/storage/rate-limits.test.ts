import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { createRateLimits, type RateLimits } from '../../src/storage/rate-limits.js'
import { sweepExpired } from '../../src/storage/sweep.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openTestStorage, type TestStorage } from './test-storage.js'

describeOnDatabases('Rate limits, on %s', (kind) => {
  let given: TestStorage
  let limits: RateLimits
  const perAddress = (address: string) => ({ key: `from ${address}`, limit: 3, windowSeconds: 600 })
  const total = { key: 'total', limit: 5, windowSeconds: 60 }
  const allowed = async (count: number, address: string) => {
    const answers = []
    for (let use = 0; use < count; use += 1) answers.push(await limits.take(perAddress(address), total))
    return answers.filter((answer) => answer === undefined).length
  }

  beforeAll(async () => {
    given = await openTestStorage(kind)
    limits = createRateLimits(given.storage.database.sql, given.storage.clock)
  })
  beforeEach(() => given.storage.prisma.rateLimit.deleteMany())
  afterAll(() => given.close())

  it('allow so many uses, say how long to wait, and begin anew when the window is over', async () => {
    const one = { key: 'alone', limit: 2, windowSeconds: 90 }
    expect([await limits.take(one), await limits.take(one)]).toEqual([undefined, undefined])
    given.advance(29.5)
    expect(await limits.take(one)).toEqual({ retryAfterSeconds: 61 })
    given.advance(60.5)
    expect(await limits.take(one)).toBeUndefined()
  })

  it('let no more than the limit through when uses come in parallel, from several processes', async () => {
    const other = createRateLimits(given.storage.database.sql, given.storage.clock)
    const uses = Array.from({ length: 40 }, (_, use) => (use % 2 === 0 ? limits : other).take(perAddress('192.0.2.1')))
    expect((await Promise.all(uses)).filter((answer) => answer === undefined)).toHaveLength(3)
  })

  it('do not let one sender use up what is for all', async () => {
    expect(await allowed(50, '192.0.2.1')).toBe(3)
    expect(await allowed(2, '192.0.2.2')).toBe(2)
    expect(await limits.take(perAddress('192.0.2.3'), total)).toEqual({ retryAfterSeconds: 60 })
    given.advance(60)
    expect(await allowed(1, '192.0.2.3')).toBe(1)
    expect(await allowed(1, '192.0.2.1')).toBe(0)
  })

  it('are swept when their window has ended, and hold no address', async () => {
    await limits.take(perAddress('192.0.2.1'), total)
    expect(await given.holds('192.0.2.1')).toBe(false)
    given.advance(601 + 300)
    await sweepExpired(given.storage)
    expect(await given.storage.prisma.rateLimit.count()).toBe(0)
  })
})
