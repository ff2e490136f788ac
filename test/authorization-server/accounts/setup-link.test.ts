import { afterAll, beforeAll, beforeEach, expect, it } from '@jest/globals'
import {
  createSetupLinks,
  type SetupLinks,
  setupLinkUrl,
} from '../../../src/authorization-server/accounts/setup-link.js'
import { createAccountStore } from '../../../src/storage/accounts/accounts.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { type AccountsDatabase, createTestClock, openAccountsDatabase } from './accounts-database.js'

describeOnDatabases('The one-time set-up link, on %s', (kind) => {
  const clock = createTestClock()
  const first = { email: 'Ada@example.org', passwordHash: '$argon2id$' }
  let storage: AccountsDatabase
  let links: SetupLinks
  const issue = async () => (await links.issue()) ?? ''

  beforeAll(async () => {
    storage = await openAccountsDatabase(kind)
    links = createSetupLinks({ ...storage, clock })
  })
  beforeEach(async () => {
    await storage.prisma.account.deleteMany()
    await storage.prisma.setupLink.deleteMany()
  })
  afterAll(() => storage.close())

  it('creates the first account and works once', async () => {
    const token = await issue()
    expect(setupLinkUrl('http://localhost:3000', token)).toMatch(/^http:\/\/localhost:3000\/setup\?token=[\w-]{43}$/)
    expect(await links.isUsable(token)).toBe(true)
    const id = await links.redeem(token, first)
    expect(await createAccountStore({ ...storage, clock }).findByEmail('ada@example.org')).toMatchObject({ id })
    expect(await links.isUsable(token)).toBe(false)
    expect(await links.redeem(token, { ...first, email: 'eve@example.org' })).toBeUndefined()
  })

  it('creates one account when it is used many times at once', async () => {
    const token = await issue()
    const ids = await Promise.all(
      Array.from({ length: 10 }, (_, n) => links.redeem(token, { ...first, email: `p${n}@example.org` })),
    )
    expect(ids.filter((id) => id !== undefined)).toHaveLength(1)
    expect(await storage.prisma.account.count()).toBe(1)
  })

  it('expires after an hour', async () => {
    const token = await issue()
    clock.advance(3600)
    expect(await links.isUsable(token)).toBe(false)
    expect(await links.redeem(token, first)).toBeUndefined()
  })

  it('is replaced by the next start', async () => {
    const earlier = await issue()
    const later = await issue()
    expect(await links.isUsable(earlier)).toBe(false)
    expect(await links.isUsable(later)).toBe(true)
  })

  it('is not usable and not issued once any account exists', async () => {
    const token = await issue()
    await createAccountStore({ ...storage, clock }).add({ email: 'bootstrap@example.org', passwordHash: 'x' })
    expect(await links.isUsable(token)).toBe(false)
    expect(await links.redeem(token, first)).toBeUndefined()
    expect(await links.issue()).toBeUndefined()
  })

  it('knows no guessed token, and stores only a hash', async () => {
    const token = await issue()
    expect(await links.isUsable('')).toBe(false)
    expect(await links.redeem(`${token}x`, first)).toBeUndefined()
    expect(JSON.stringify(await storage.prisma.setupLink.findMany())).not.toContain(token)
  })
})
