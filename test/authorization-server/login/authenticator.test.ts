import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { hash } from '@node-rs/argon2'
import { bootstrapAccount } from '../../../src/authorization-server/accounts/bootstrap.js'
import { type Authenticator, createAuthenticator } from '../../../src/authorization-server/login/authenticator.js'
import { createPasswordHasher, type PasswordHasher } from '../../../src/authorization-server/login/passwords.js'
import { type AccountStore, createAccountStore } from '../../../src/storage/accounts/accounts.js'
import { type AccountsDatabase, createTestClock, openAccountsDatabase } from '../accounts/accounts-database.js'

const password = 'quarrel velvet harbour'
/** The lower quartile: what a check costs when the machine does not do something else meanwhile. */
const typical = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 4)] ?? 0

describe('Authentication of people', () => {
  const clock = createTestClock()
  let storage: AccountsDatabase
  let accounts: AccountStore
  let hasher: PasswordHasher
  let authenticator: Authenticator
  let ada: string
  /** Answers the account when the password is right, and sees that the hash it was checked against is the stored one. */
  const authenticate = async (email: string, tried: string) => {
    const proven = await authenticator.authenticate(await accounts.findByEmail(email), tried)
    if (proven === undefined) return undefined
    expect((await accounts.find(proven.accountId))?.passwordHash).toBe(proven.passwordHash)
    return { accountId: proven.accountId }
  }

  beforeAll(async () => {
    storage = await openAccountsDatabase('embedded')
    accounts = createAccountStore({ ...storage, clock })
    hasher = await createPasswordHasher()
    authenticator = createAuthenticator(accounts, hasher)
    ada = (await accounts.add({ email: 'ada@example.org', passwordHash: await hasher.hash(password) }))?.id ?? ''
    const gone = await accounts.add({ email: 'gone@example.org', passwordHash: await hasher.hash(password) })
    await accounts.disable(gone?.id ?? '')
    await accounts.add({ email: 'guest@example.org' })
  })
  afterAll(() => storage.close())

  it('answers the account for its email and password, however the email is written', async () => {
    expect(await authenticate(' ADA@Example.org ', password)).toEqual({ accountId: ada })
  })

  it.each([
    ['a wrong password', 'ada@example.org', 'quarrel velvet harbor'],
    ['an empty password', 'ada@example.org', ''],
    ['an unknown email', 'nobody@example.org', password],
    ['a disabled account', 'gone@example.org', password],
    ['an account without a password', 'guest@example.org', password],
    ['an empty password for one without any', 'guest@example.org', ''],
    ['text that is no email', 'ada', password],
    ['a NUL in the email', 'ada@example.org\0', password],
  ])('gives the one refusal for %s', async (_name, email, tried) => {
    expect(await authenticate(email, tried)).toBeUndefined()
  })

  /** How far the typical times of the other three refusals are from that of a wrong password, at most; 1 is all of it. */
  async function timeDifference(rounds: number): Promise<number> {
    const emails = ['ada@example.org', 'nobody@example.org', 'gone@example.org', 'guest@example.org']
    const times = emails.map((): number[] => [])
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, email] of emails.entries()) {
        const start = performance.now()
        await authenticate(email, 'not the password at all')
        times[index]?.push(performance.now() - start)
      }
    }
    const [known = 0, ...others] = times.map(typical)
    return Math.max(...others.map((other) => Math.abs(other - known) / known))
  }

  it('takes as long for an unknown or disabled account, or one without a password, as for a wrong password (ASVS 6.3.8)', async () => {
    // Without the hash the difference is nearly all of it, however busy the machine is; a busy one may need another look.
    let difference = 1
    for (let looks = 0; looks < 6 && difference >= 0.25; looks += 1) difference = await timeDifference(20)
    expect(difference).toBeLessThan(0.25)
  })

  it('renews a hash made with older parameters at sign-in', async () => {
    const old = await hash(password, { memoryCost: 8192 })
    const account = await accounts.add({ email: 'old@example.org', passwordHash: old })
    expect(await authenticate('old@example.org', password)).toEqual({ accountId: account?.id })
    expect((await accounts.findByEmail('old@example.org'))?.passwordHash).toMatch(/m=19456,t=2,p=1/)
    expect(await authenticate('old@example.org', password)).toEqual({ accountId: account?.id })
  })

  it('takes every right password of sign-ins at the same moment while one of them renews the hash', async () => {
    const old = await hash(password, { memoryCost: 8192 })
    const account = await accounts.add({ email: 'twice@example.org', passwordHash: old })
    const found = await accounts.findByEmail('twice@example.org')
    const proven = await Promise.all(Array.from({ length: 3 }, () => authenticator.authenticate(found, password)))
    const stored = (await accounts.findByEmail('twice@example.org'))?.passwordHash
    expect(proven).toEqual(Array(3).fill({ accountId: account?.id, passwordHash: stored }))
    expect(await authenticator.authenticate(found, 'quarrel velvet harbor')).toBeUndefined()
  })

  it('creates the bootstrap account once and never touches it again', async () => {
    const settings = { email: 'First@example.org', password, productName: 'Gatehouse' }
    expect(await bootstrapAccount(accounts, hasher, settings)).toBe('created')
    const again = { ...settings, password: 'another velvet harbour' }
    expect(await bootstrapAccount(accounts, hasher, again)).toBe('exists')
    expect(await authenticate('first@example.org', password)).toBeDefined()
  })

  it('refuses a weak bootstrap password with one clear line', async () => {
    const settings = { email: 'first@example.org', password: 'short', productName: 'Gatehouse' }
    await expect(bootstrapAccount(accounts, hasher, settings)).rejects.toThrow(
      'BOOTSTRAP_PASSWORD is refused. Use at least 15 characters.',
    )
  })
})
