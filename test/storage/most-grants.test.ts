/** How many lasting grants one person has: one more ends the oldest, as a revocation does. */
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { hashSecret, randomSecret } from '../../src/base/secrets.js'
import { mostGrants } from '../../src/storage/grants/grants.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openTestStorage, type TestStorage } from './test-storage.js'

const day = 86_400

describeOnDatabases('Grants of one person, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  const newPerson = async () => {
    const id = randomSecret(8)
    await given.storage.prisma.account.create({ data: { id, email: `${id}@example.com`, updatedAt: new Date() } })
    return id
  }
  let made = 0
  const allow = async (accountId: string, clientId: string, seconds = 30 * day) => {
    made += 1
    const id = `grant-${made}`
    await given.adapter('Grant').upsert(id, { jti: id, kind: 'Grant', accountId, clientId }, seconds)
    return id
  }
  /** Stored at once, each a second older than the one before. */
  const history = async (accountId: string, clientId: string, count: number, olderSeconds = 60) => {
    const now = Date.now()
    const data = Array.from({ length: count }, (_, index) => ({
      id: `${accountId}-${clientId}-${index}`,
      ...{ accountId, clientId, payload: {} },
      createdAt: new Date(now - (olderSeconds + index) * 1_000),
      expiresAt: new Date(now + 30 * day * 1_000),
    }))
    await given.storage.prisma.grant.createMany({ data })
    return data.map(({ id }) => id)
  }
  const count = (where: object) => given.storage.prisma.grant.count({ where })

  it('are bounded for each client: the oldest ends, with a fact for resource servers and an event', async () => {
    const { prisma } = given.storage
    const [accountId, other] = [await newPerson(), await newPerson()]
    const before = await history(accountId, 'busy', mostGrants.ofClient)
    await history(accountId, 'quiet', 3)
    await history(other, 'busy', mostGrants.ofClient)
    const newest = await allow(accountId, 'busy')
    expect(await count({ accountId, clientId: 'busy' })).toBe(mostGrants.ofClient)
    expect([await count({ id: newest }), await count({ id: before.at(-1) ?? '' })]).toEqual([1, 0])
    expect([await count({ accountId, clientId: 'quiet' }), await count({ accountId: other })]).toEqual([3, 100])
    const subjectHash = hashSecret(before.at(-1) ?? '')
    expect(await prisma.revocation.count({ where: { kind: 'grant', subjectHash } })).toBe(1)
    const events = await prisma.auditEvent.findMany({ where: { accountId } })
    expect(events).toMatchObject([{ type: 'grant.revoked', clientId: 'busy', detail: { reason: 'too many grants' } }])
    // Saved again, it is the same one.
    await given.adapter('Grant').upsert(newest, { jti: newest, kind: 'Grant', accountId, clientId: 'busy' }, 30 * day)
    expect(await count({ accountId, clientId: 'busy' })).toBe(mostGrants.ofClient)
  })

  it('are bounded in all, whichever the clients', async () => {
    const accountId = await newPerson()
    for (let client = 0; client < 10; client += 1) await history(accountId, `client-${client}`, 100, 60 + client * 200)
    await allow(accountId, 'one-more')
    expect(await count({ accountId })).toBe(mostGrants.ofPerson)
    expect([
      await count({ accountId, clientId: 'client-9' }),
      await count({ accountId, clientId: 'one-more' }),
    ]).toEqual([99, 1])
  })

  it('do not count those that end with one access token, and are not ended by them', async () => {
    const accountId = await newPerson()
    await history(accountId, 'service', mostGrants.ofClient)
    for (let tokens = 0; tokens < 3; tokens += 1) await allow(accountId, 'service', 600)
    expect(await count({ accountId })).toBe(mostGrants.ofClient + 3)
    await allow(accountId, 'service')
    expect(await count({ accountId })).toBe(mostGrants.ofClient + 3)
  })

  it('stay within the bound when several are made at once', async () => {
    const accountId = await newPerson()
    await history(accountId, 'raced', mostGrants.ofClient)
    await Promise.all(Array.from({ length: 5 }, () => allow(accountId, 'raced')))
    await allow(accountId, 'raced')
    expect(await count({ accountId })).toBeLessThanOrEqual(mostGrants.ofClient + 4)
    await allow(accountId, 'raced')
    expect(await count({ accountId })).toBe(mostGrants.ofClient)
  })
})
