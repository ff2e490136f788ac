import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import { createRateLimits, type RateLimits } from '../../../src/storage/counters/rate-limits.js'
import { sweepExpired } from '../../../src/storage/sweep.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { openTestStorage, type TestStorage } from '../test-storage.js'

describeOnDatabases('Rate limits, on %s', (kind) => {
  let given: TestStorage
  let limits: RateLimits
  const limit = { what: 'try', perAddress: 3, windowSeconds: 600, total: 5, perAddressBeyond: 1 }
  const allowed = async (count: number, address: (use: number) => string, by = limit) => {
    const answers = []
    for (let use = 0; use < count; use += 1) answers.push(await limits.take(by, address(use)))
    return answers.filter((answer) => answer === undefined).length
  }

  beforeAll(async () => {
    given = await openTestStorage(kind)
    limits = createRateLimits(given.storage.database.sql, given.storage.clock)
  })
  beforeEach(() => given.storage.prisma.rateLimit.deleteMany())
  afterAll(() => given.close())

  it('allow so many uses, say how long to wait, and begin anew when the window is over', async () => {
    const one = { what: 'alone', perAddress: 2, windowSeconds: 90 }
    const take = () => limits.take(one, '192.0.2.1')
    expect([await take(), await take()]).toEqual([undefined, undefined])
    given.advance(29.5)
    expect(await take()).toEqual({ retryAfterSeconds: 61 })
    given.advance(60.5)
    expect(await take()).toBeUndefined()
  })

  it('let no more than the limit through when uses come in parallel, from several processes', async () => {
    const other = createRateLimits(given.storage.database.sql, given.storage.clock)
    for (const address of ['192.0.2.1', '2001:db8::1']) {
      const uses = Array.from({ length: 40 }, (_, use) =>
        (use % 2 === 0 ? limits : other).take({ ...limit, total: 1_000 }, address),
      )
      expect((await Promise.all(uses)).filter((answer) => answer === undefined)).toHaveLength(3)
    }
  })

  it('leave a share to every network when a total is used up, and end that with its window', async () => {
    expect(await allowed(50, () => '192.0.2.1')).toBe(3)
    expect(await allowed(2, () => '192.0.2.2')).toBe(2)
    // Used up.
    expect(await allowed(5, () => '192.0.2.3')).toBe(1)
    expect(await limits.take(limit, '192.0.2.3')).toEqual({ retryAfterSeconds: 600 })
    expect(await allowed(5, () => '192.0.2.4')).toBe(1)
    expect(await allowed(1, () => '192.0.2.2')).toBe(0)
    given.advance(600)
    expect(await allowed(5, () => '192.0.2.3')).toBe(3)
  })

  it('count IPv6 at its /64, /56 and /48 together: 1, 4 and 16 times the limit', async () => {
    const wide = { ...limit, total: 1_000 }
    expect(await allowed(6, (use) => `2001:db8:0:1::${use + 1}`, wide)).toBe(3)
    expect(await allowed(60, (use) => `2001:db8:0:${(use + 2).toString(16)}::1`, wide)).toBe(4 * 3 - 3)
    expect(await allowed(80, (use) => `2001:db8:0:${(0x100 + use * 0x100).toString(16)}::1`, wide)).toBe(16 * 3 - 12)
    expect(await allowed(4, () => '2001:db8:1::1', wide)).toBe(3)
  })

  it('keep no further row for a network that is used up', async () => {
    const wide = { ...limit, perAddress: 1, total: 1_000 }
    expect(await allowed(80, (use) => `2001:db8:0:${(use * 0x100).toString(16)}::1`, wide)).toBe(16)
    const kept = await given.storage.prisma.rateLimit.count()
    expect(await allowed(80, (use) => `2001:db8:0:${(use * 0x100 + 1).toString(16)}::1`, wide)).toBe(0)
    expect(await given.storage.prisma.rateLimit.count()).toBe(kept)
  })

  it('count the total alone where addresses say nothing', async () => {
    expect(await allowed(9, (use) => `192.0.2.${use}`, { ...limit, perAddress: undefined } as never)).toBe(5)
  })

  it('are swept when their window has ended, and hold no address', async () => {
    await limits.take(limit, '192.0.2.1')
    expect(await given.holds('192.0.2.1')).toBe(false)
    given.advance(601 + 300)
    await sweepExpired(given.storage)
    expect(await given.storage.prisma.rateLimit.count()).toBe(0)
  })
})
