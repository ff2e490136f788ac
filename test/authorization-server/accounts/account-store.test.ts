import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { type AccountStore, createAccountStore, normalizeEmail } from '../../../src/storage/accounts/accounts.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { type AccountsDatabase, createTestClock, openAccountsDatabase } from './accounts-database.js'

describeOnDatabases('Accounts, on %s', (kind) => {
  const clock = createTestClock()
  let storage: AccountsDatabase
  let accounts: AccountStore

  beforeAll(async () => {
    storage = await openAccountsDatabase(kind)
    accounts = createAccountStore({ ...storage, clock })
  })
  afterAll(() => storage.close())

  it.each([
    [' Ada@Example.ORG ', 'ada@example.org'],
    ['ａｄａ@example.org', 'ada@example.org'],
    ['jürgen@bücher.example', 'jürgen@bücher.example'],
    ['ada', undefined],
    ['ada@', undefined],
    ['a da@example.org', undefined],
    ['ada@example.org\0', undefined],
    ['ada@exam\u202eple.org', undefined],
    [`${'a'.repeat(250)}@example.org`, undefined],
  ])('reads %j as %j', (typed, email) => {
    expect(normalizeEmail(typed)).toBe(email)
  })

  it('adds an account once per email, also in parallel', async () => {
    const added = await Promise.all(
      Array.from({ length: 8 }, () => accounts.add({ email: 'one@example.org', passwordHash: 'a' })),
    )
    expect(added.filter((account) => account !== undefined)).toHaveLength(1)
    const account = await accounts.findByEmail('ONE@example.org')
    expect(await accounts.find(account?.id ?? '')).toEqual(account)
    expect(account).toMatchObject({ email: 'one@example.org', name: undefined, createdAt: clock.now() })
  })

  it('replaces a hash only while it is the one that was checked', async () => {
    const account = await accounts.add({ email: 'two@example.org', passwordHash: 'old' })
    const id = account?.id ?? ''
    expect(await accounts.setPasswordHash(id, 'renewed', 'other')).toBe(false)
    expect(await accounts.setPasswordHash(id, 'new')).toBe(true)
    expect((await accounts.find(id))?.passwordHash).toBe('new')
    expect(await accounts.setPasswordHash('nobody', 'new')).toBe(false)
  })

  it('ends sessions and grants when an account is disabled', async () => {
    const account = await accounts.add({ email: 'three@example.org', passwordHash: 'a' })
    const id = account?.id ?? ''
    const expiresAt = new Date('2030-01-01')
    const grant = { id: 'g', accountId: id, clientId: 'c', payload: {}, expiresAt }
    await storage.prisma.session.create({ data: { uid: 's', idHash: 'h', accountId: id, payload: {}, expiresAt } })
    await storage.prisma.grant.create({
      data: { ...grant, artifacts: { create: { model: 'RefreshToken', idHash: 'r', payload: {} } } },
    })
    expect(await accounts.disable(id)).toBe(true)
    expect((await accounts.find(id))?.disabledAt).toEqual(clock.now())
    // What is left of the session is nobody's, and under no cookie's value.
    expect(await storage.prisma.session.findMany({ select: { idHash: true, accountId: true, payload: true } })).toEqual(
      [{ idHash: 'ended:s', accountId: null, payload: {} }],
    )
    expect(await storage.prisma.grant.count()).toBe(0)
    expect(await storage.prisma.artifact.count()).toBe(0)
    expect(await accounts.enable(id)).toBe(true)
    expect((await accounts.find(id))?.disabledAt).toBeUndefined()
    expect(await accounts.disable('nobody')).toBe(false)
  })

  it('lists by email and counts', async () => {
    const emails = (await accounts.list()).map(({ email }) => email)
    expect(emails).toEqual(['one@example.org', 'three@example.org', 'two@example.org'])
    expect(await accounts.count()).toBe(3)
  })
})
