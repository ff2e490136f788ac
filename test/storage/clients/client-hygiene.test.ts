import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { randomSecret } from '../../../src/base/secrets.js'
import { writeTogether } from '../../../src/database/writes.js'
import { createRequestNotes, removeUnusedClients, useOf } from '../../../src/storage/clients/client-hygiene.js'
import { type ClientStore, createClientStore } from '../../../src/storage/clients/clients.js'
import { rememberConsent } from '../../../src/storage/grants/consents.js'
import { sweepExpired } from '../../../src/storage/sweep.js'
import { describeOnDatabases } from '../../support/describe-with.js'
import { openTestStorage, type TestStorage } from '../test-storage.js'

const day = 86_400
const idleSeconds = 90 * day

describeOnDatabases('Registrations that nobody uses, on %s', (kind) => {
  let given: TestStorage
  let clients: ClientStore
  beforeAll(async () => {
    given = await openTestStorage(kind)
    clients = createClientStore(given.storage)
  })
  afterAll(() => given.close())

  const register = async (origin: 'static' | 'dynamic' = 'dynamic') => {
    const clientId = randomSecret(8)
    await clients.save(clientId, { client_id: clientId, redirect_uris: ['https://client.example/cb'] }, origin)
    const token = randomSecret()
    const payload = { jti: token, kind: 'RegistrationAccessToken', clientId }
    await given.adapter('RegistrationAccessToken').upsert(token, payload, undefined as unknown as number)
    return { clientId, token }
  }
  /** Somebody allows the client; the refresh token lives for `seconds`. */
  const allow = async (clientId: string, seconds: number) => {
    const { grantId, accountId } = await given.newGrant({ clientId })
    await given.storage.prisma.grant.update({
      where: { id: grantId },
      data: { expiresAt: new Date(given.storage.clock.now().getTime() + 400 * day * 1000) },
    })
    const key = { accountId, clientId, resource: 'https://mcp.example.com/mcp' }
    const answer = { asked: ['read'], allowed: ['read'] }
    await writeTogether(given.storage.database.sql, [rememberConsent(given.storage, key, 'as seen', answer)])
    await refresh(clientId, grantId, seconds)
    return { grantId, accountId }
  }
  const refresh = async (clientId: string, grantId: string, seconds: number) => {
    const value = randomSecret()
    await given
      .adapter('RefreshToken')
      .upsert(value, { jti: value, kind: 'RefreshToken', grantId, clientId, iat: 1 }, seconds)
    return value
  }
  const sweep = async () => {
    await sweepExpired(given.storage)
    return removeUnusedClients(given.storage, idleSeconds)
  }
  /** Days pass; every fifth is swept. */
  const pass = async (days: number) => {
    let removed = 0
    for (let passed = 0; passed < days; passed += 5) {
      given.advance(5 * day)
      removed += await sweep()
    }
    return removed
  }
  const exists = async (clientId: string) => (await clients.find(clientId)) !== undefined
  const audited = (clientId: string) =>
    given.storage.prisma.auditEvent.count({ where: { clientId, type: 'client.removed' } })

  it('are removed 30 days later with their registration access token when nobody allowed or requested them', async () => {
    const { clientId, token } = await register()
    given.advance(30 * day - 60)
    expect(await sweep()).toBe(0)
    expect(await exists(clientId)).toBe(true)
    given.advance(61)
    expect(await sweep()).toBe(1)
    expect(await exists(clientId)).toBe(false)
    expect(await given.adapter('RegistrationAccessToken').find(token)).toBeUndefined()
    expect(await given.adapter('Client').find(clientId)).toBeUndefined()
    // Nobody knew it: it is not worth a line in the record of security events.
    expect(await audited(clientId)).toBe(0)
  })

  it('are kept another 30 days by an update of their own', async () => {
    const { clientId } = await register()
    given.advance(30 * day - 60)
    await given.adapter('Client').upsert(clientId, { client_id: clientId, redirect_uris: ['https://b.example/'] }, 0)
    given.advance(29 * day)
    expect(await sweep()).toBe(0)
    given.advance(day + 60)
    expect(await sweep()).toBe(1)
  })

  it('are kept another 30 days by an authorization request, which is written once a day and not on the first', async () => {
    const { clientId } = await register()
    const registeredAt = given.storage.clock.now().getTime() / 1000
    const updatedAt = async () => (await given.storage.prisma.client.findUnique({ where: { id: clientId } }))?.updatedAt
    const first = await updatedAt()
    const note = createRequestNotes(given.storage)
    given.advance(day - 60)
    await note(clientId, registeredAt)
    expect(await updatedAt()).toEqual(first)
    given.advance(28 * day)
    await note(clientId, registeredAt)
    const noted = await updatedAt()
    expect(noted).toEqual(given.storage.clock.now())
    given.advance(60)
    // Another process, which knows of no request.
    await createRequestNotes(given.storage)(clientId, registeredAt)
    expect(await updatedAt()).toEqual(noted)
    given.advance(29 * day)
    expect(await sweep()).toBe(0)
    given.advance(2 * day)
    expect(await sweep()).toBe(1)
    const operators = await register('static')
    given.advance(2 * day)
    const before = await given.storage.prisma.client.findUnique({ where: { id: operators.clientId } })
    await note(operators.clientId, 0)
    expect(await given.storage.prisma.client.findUnique({ where: { id: operators.clientId } })).toEqual(before)
  })

  it('are not kept for ever by requests that nobody allows', async () => {
    const { clientId } = await register()
    const note = createRequestNotes(given.storage)
    for (let passed = 0; passed < 110; passed += 10) {
      given.advance(10 * day)
      await note(clientId, 0)
      expect(await sweep()).toBe(0)
    }
    given.advance(10 * day + 60)
    await note(clientId, 0)
    expect(await sweep()).toBe(1)
  })

  it('are kept as long as access lives, and so many idle days beyond it', async () => {
    const { clientId, token } = await register()
    const { grantId, accountId } = await allow(clientId, 20 * day)
    expect(await pass(15)).toBe(0)
    // In use, without a new consent: only the token tells.
    await refresh(clientId, grantId, 100 * day)
    expect(await pass(95)).toBe(0)
    expect(await pass(85)).toBe(0)
    expect(await exists(clientId)).toBe(true)
    expect(await pass(10)).toBe(1)
    expect(await exists(clientId)).toBe(false)
    expect(await given.adapter('RegistrationAccessToken').find(token)).toBeUndefined()
    expect(await given.adapter('Grant').find(grantId)).toBeUndefined()
    expect(await given.storage.prisma.consent.count({ where: { accountId } })).toBe(0)
    expect(await audited(clientId)).toBe(1)
  })

  it('count from the day their access was revoked', async () => {
    const { clientId } = await register()
    const { grantId } = await allow(clientId, 300 * day)
    expect(await pass(60)).toBe(0)
    await given.adapter('Grant').destroy(grantId)
    expect(await pass(85)).toBe(0)
    expect(await exists(clientId)).toBe(true)
    expect(await pass(10)).toBe(1)
  })

  it('are kept for uses that leave no grant, each noted once a day', async () => {
    const { clientId } = await register()
    const lastUse = async () => (await given.storage.prisma.client.findUnique({ where: { id: clientId } }))?.lastUsedAt
    const noteUse = (id: string) => writeTogether(given.storage.database.sql, [useOf(given.storage, id)])
    await noteUse(clientId)
    const first = await lastUse()
    expect(first).toEqual(given.storage.clock.now())
    given.advance(day - 60)
    await noteUse(clientId)
    expect(await lastUse()).toEqual(first)
    given.advance(120)
    await noteUse(clientId)
    expect(await lastUse()).toEqual(given.storage.clock.now())
    expect(await pass(85)).toBe(0)
    expect(await pass(10)).toBe(1)
    expect(await exists(clientId)).toBe(false)
    const operators = await register('static')
    await noteUse(operators.clientId)
    expect((await given.storage.prisma.client.findUnique({ where: { id: operators.clientId } }))?.lastUsedAt).toBeNull()
  })

  it('are never those of the operator, nor any with live access', async () => {
    const made = await register('static')
    const used = await register()
    await allow(used.clientId, 290 * day)
    expect(await pass(280)).toBe(0)
    expect([await exists(made.clientId), await exists(used.clientId)]).toEqual([true, true])
    const listed = await clients.list()
    expect(listed.find(({ clientId }) => clientId === used.clientId)?.inUse).toBe(true)
    expect(listed.find(({ clientId }) => clientId === made.clientId)?.inUse).toBe(false)
  })

  it('are spared for live access alone, however long ago anything else spoke for them', async () => {
    // Nobody sweeps meanwhile, as while a server stands still: a sweep would note the access as use.
    const names = ['allowed', 'forgotten', 'ended', 'expired', 'grant over', 'never allowed'] as const
    const made = await Promise.all(names.map(async (name) => [name, (await register()).clientId] as const))
    const idOf = (name: (typeof names)[number]) => made.find(([given]) => given === name)?.[1] ?? ''
    await allow(idOf('allowed'), 395 * day)
    // Allowed without a consent that is kept, so as nobody ever allowed it.
    const forgotten = await allow(idOf('forgotten'), 395 * day)
    const ended = await allow(idOf('ended'), 395 * day)
    await allow(idOf('expired'), 300 * day)
    const over = await allow(idOf('grant over'), 395 * day)
    const { consent, grant } = given.storage.prisma
    await consent.deleteMany({ where: { accountId: forgotten.accountId } })
    const expiresAt = new Date(given.storage.clock.now().getTime() + 300 * day * 1000)
    await grant.update({ where: { id: over.grantId }, data: { expiresAt } })
    given.advance(390 * day)
    await given.adapter('Grant').destroy(ended.grantId)
    await removeUnusedClients(given.storage, idleSeconds)
    const kept = await Promise.all(made.map(async ([name, id]) => ((await exists(id)) ? name : undefined)))
    expect(kept.filter((name) => name !== undefined)).toEqual(['allowed', 'forgotten'])
  })

  it('go in batches, by however many processes sweep together, and write nothing where there is nothing to do', async () => {
    await given.storage.prisma.client.deleteMany({ where: { origin: 'dynamic' } })
    const statement = {
      name: 'test_many_clients',
      lane: 'write' as const,
      text: `INSERT INTO clients (id, origin, payload, created_at, updated_at, review_at)
        SELECT 'abandoned-' || n, 'dynamic', '{}', $1::timestamptz, $1::timestamptz, $1::timestamptz + interval '1 day'
        FROM generate_series(1, 1001) AS n`,
    }
    await given.storage.database.sql.query(statement, [given.storage.clock.now().toISOString()])
    const kept = await register()
    await allow(kept.clientId, 60 * day)
    given.advance(30 * day + 1)
    const removed = await Promise.all([sweep(), sweep(), sweep()])
    expect(removed.reduce((sum, count) => sum + count, 0)).toBe(1_001)
    expect(await exists(kept.clientId)).toBe(true)
    const reviewed = () => given.storage.prisma.client.findUnique({ where: { id: kept.clientId } })
    const before = await reviewed()
    expect(await sweep()).toBe(0)
    expect(await reviewed()).toEqual(before)
  })
})
