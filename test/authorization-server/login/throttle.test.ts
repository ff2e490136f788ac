import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import {
  createSignInThrottle,
  type SignInAttempt,
  type SignInThrottle,
  signInLimits,
  unlockAccount,
} from '../../../src/authorization-server/login/throttle.js'
import { writeTogether } from '../../../src/database/writes.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { type AccountsDatabase, createTestClock, openAccountsDatabase } from '../accounts/accounts-database.js'

describeOnDatabases('Throttling of sign-ins (NIST SP 800-63B-4 §3.2.2), on %s', (kind) => {
  const clock = createTestClock()
  let storage: AccountsDatabase
  let throttle: SignInThrottle
  const ada = { email: 'ada@example.org', address: '192.0.2.1' }
  const known = (id: string, generation = 'of one password') => ({ id, generation })
  const succeed = (attempt: SignInAttempt) => writeTogether(storage.database.sql, [throttle.success(attempt)])
  const tries = async (count: number, attempt: SignInAttempt) => {
    const answers = []
    for (let index = 0; index < count; index += 1) answers.push(await throttle.begin(attempt))
    return answers.filter((answer) => answer === undefined).length
  }

  beforeAll(async () => {
    storage = await openAccountsDatabase(kind)
    throttle = createSignInThrottle(storage.database.sql, clock)
  })
  beforeEach(() => storage.prisma.signInThrottle.deleteMany())
  afterAll(() => storage.close())

  it('allows ten tries for an account from one address, then says how long to wait', async () => {
    expect(await tries(10, ada)).toBe(10)
    clock.advance(60)
    expect(await throttle.begin(ada)).toEqual({ retryAfterSeconds: 14 * 60 })
    clock.advance(14 * 60)
    expect(await throttle.begin(ada)).toBeUndefined()
  })

  it('lets no more than the limit through when tries come in parallel', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => throttle.begin(ada)))
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(10)
  })

  it('does not lock an account for others when one address keeps trying', async () => {
    expect(await tries(200, ada)).toBe(10)
    expect(await tries(5, { ...ada, address: '198.51.100.7' })).toBe(5)
  })

  it('locks the account for all addresses after fifty tries from anywhere', async () => {
    let allowed = 0
    for (let host = 0; host < 12; host += 1) allowed += await tries(5, { ...ada, address: `203.0.113.${host}` })
    expect(allowed).toBe(signInLimits.account)
    expect(await throttle.begin(ada)).toEqual({ retryAfterSeconds: expect.any(Number) })
  })

  it('locks an address after a hundred tries for any account', async () => {
    let allowed = 0
    for (let person = 0; person < 30; person += 1)
      allowed += await tries(5, { ...ada, email: `p${person}@example.org` })
    expect(allowed).toBe(signInLimits.address)
  })

  it('lets an account be tried a hundred times a day, until its owner signs in or the operator says so', async () => {
    const windows = async (count: number) => {
      let allowed = 0
      for (let window = 0; window < count; window += 1, clock.advance(signInLimits.windowSeconds))
        for (let host = 0; host < 6; host += 1) allowed += await tries(10, { ...ada, address: `203.0.113.${host}` })
      return allowed
    }
    expect(await windows(3)).toBe(signInLimits.accountDay)
    expect(await throttle.begin(ada)).toEqual({ retryAfterSeconds: 86_400 - 3 * signInLimits.windowSeconds })
    await unlockAccount(storage, ' ADA@example.org')
    expect(await windows(3)).toBe(signInLimits.accountDay)
    // A browser of the owner is not concerned, and its sign-in starts the day anew, but not the quarter of an hour.
    await throttle.begin({ ...ada, knownBrowser: known('hers') })
    await succeed({ ...ada, knownBrowser: known('hers') })
    expect(await windows(1)).toBe(signInLimits.account)
    expect(await tries(5, { ...ada, email: 'bob@example.org' })).toBe(5)
    clock.advance(86_400)
    expect(await throttle.begin(ada)).toBeUndefined()
  })

  it('counts a browser that is known to the account apart from everybody else', async () => {
    const hers = { ...ada, knownBrowser: known('hers') }
    for (let host = 0; host < 12; host += 1) await tries(10, { ...ada, address: `203.0.113.${host}` })
    for (let person = 0; person < 30; person += 1) await tries(5, { ...ada, email: `p${person}@example.org` })
    expect(await throttle.begin(ada)).toBeDefined()
    const answers = await Promise.all(Array.from({ length: 30 }, () => throttle.begin(hers)))
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(signInLimits.knownBrowser)
    expect(await throttle.begin(hers)).toEqual({ retryAfterSeconds: signInLimits.windowSeconds })
    expect(await tries(3, { ...ada, knownBrowser: known('her telephone') })).toBe(3)
    await succeed(hers)
    expect(await tries(9, hers)).toBe(9)
    await throttle.cancel(hers)
    expect(await tries(9, hers)).toBe(2)
  })

  it('bounds what all known browsers of an account try, and locks none of them out', async () => {
    const by = (browser: string, generation?: string) => ({ ...ada, knownBrowser: known(browser, generation) })
    let allowed = 0
    for (let browser = 0; browser < 25; browser += 1) allowed += await tries(10, by(`stolen ${browser}`))
    const whole = signInLimits.knownBrowsers / signInLimits.knownBrowser
    expect(allowed).toBe(signInLimits.knownBrowsers + (25 - whole) * signInLimits.knownBrowserBeyond)
    // The owner has tries left, and a sign-in takes back what that browser tried.
    expect(await tries(3, by('hers'))).toBe(signInLimits.knownBrowserBeyond)
    await succeed(by('hers'))
    expect(await tries(1, by('hers'))).toBe(1)
    // A new password starts with a new total, and another account has its own.
    expect(await tries(10, by('hers again', 'of the next password'))).toBe(10)
    expect(await tries(10, { ...by('hers'), email: 'bob@example.org' })).toBe(10)
  })

  it('keeps no further row for an address that is used up, whatever accounts it names', async () => {
    for (let person = 0; person < 30; person += 1) await tries(5, { ...ada, email: `p${person}@example.org` })
    const kept = await storage.prisma.signInThrottle.count()
    for (let person = 0; person < 30; person += 1) await tries(1, { ...ada, email: `q${person}@example.org` })
    expect(await storage.prisma.signInThrottle.count()).toBe(kept)
    expect(await throttle.begin({ ...ada, email: 'new@example.org' })).toEqual({ retryAfterSeconds: 15 * 60 })
  })

  it('counts IPv6 by /64 and emails as they are compared', async () => {
    const attempts = ['2001:db8:0:1::1', '2001:DB8:0:1:ffff::2', '2001:db8::1:0:0:0:9', '2001:0db8:0000:0001::a']
    for (const address of attempts)
      expect(await tries(3, { email: ' ADA@example.org', address })).toBeGreaterThanOrEqual(1)
    expect(await throttle.begin({ ...ada, address: '2001:db8:0:1:2:3:4:5' })).toBeDefined()
    expect(await throttle.begin({ ...ada, address: '2001:db8:0:2::1' })).toBeUndefined()
  })

  it('does not let one IPv6 site lock an account, nor many sites an address of their own', async () => {
    let allowed = 0
    for (let network = 0; network < 80; network += 1)
      allowed += await tries(3, { ...ada, address: `2001:db8:0:${(network * 0x40).toString(16)}::1` })
    expect(allowed).toBe(4 * signInLimits.accountAndAddress)
    expect(await tries(5, { ...ada, address: '2001:db8:1::1' })).toBe(5)
    allowed = 0
    for (let person = 0; person < 90; person += 1)
      allowed += await tries(5, { email: `p${person}@example.org`, address: `2001:db8:7:${person.toString(16)}::1` })
    expect(allowed).toBe(4 * signInLimits.address)
  })

  it('takes a sign-in back in every network of its address', async () => {
    const address = '2001:db8::1'
    await tries(5, { ...ada, address })
    await succeed({ ...ada, address })
    const counters = await storage.prisma.signInThrottle.findMany()
    // Addresses keep the other four tries, whoever they were for.
    expect(counters.map(({ failures }) => failures).toSorted()).toEqual([0, 0, 0, 0, 4, 4, 4])
  })

  it('counts accounts alone where addresses say nothing', async () => {
    expect(await tries(60, { ...ada, address: undefined })).toBe(signInLimits.account)
    expect(await tries(5, { email: 'ben@example.org', address: undefined })).toBe(5)
    await throttle.cancel({ email: 'ben@example.org', address: undefined })
    await succeed({ email: 'ben@example.org', address: undefined })
  })

  it('forgets the tries of an address for an account when the person signs in', async () => {
    await tries(9, ada)
    await succeed(ada)
    expect(await tries(12, ada)).toBe(10)
    const counters = await storage.prisma.signInThrottle.findMany({ orderBy: { failures: 'asc' } })
    expect(counters.map(({ failures }) => failures)).toEqual([10, 10, 10, 18])
  })

  it('takes back a try whose password was never checked', async () => {
    await throttle.begin(ada)
    await throttle.cancel(ada)
    const counters = await storage.prisma.signInThrottle.findMany()
    expect(counters.map(({ failures }) => failures)).toEqual([0, 0, 0, 0])
  })

  it('stores neither emails nor addresses', async () => {
    await throttle.begin(ada)
    const rows = JSON.stringify(await storage.prisma.signInThrottle.findMany())
    expect(rows).not.toMatch(/ada|192\.0/)
  })
})
