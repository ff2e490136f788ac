import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createLogger } from '../../src/base/log.js'
import { createSecretBox, hashSecret, randomSecret } from '../../src/base/secrets.js'
import { writeTogether } from '../../src/database/writes.js'
import { endSession, endSessionsOf } from '../../src/storage/accounts/sessions.js'
import { createAuditTrail } from '../../src/storage/audit/audit.js'
import { createClientDocumentStore } from '../../src/storage/clients/client-documents.js'
import { createClientStore } from '../../src/storage/clients/clients.js'
import { rememberConsent, rememberedScopes } from '../../src/storage/grants/consents.js'
import { keyPolicy } from '../../src/storage/keys/key-lifecycle.js'
import { revokeKey, rotateKeys } from '../../src/storage/keys/key-rotation.js'
import { ensureKeys, loadCookieKeys, loadSigningKeys, readStoredKeys } from '../../src/storage/keys/keys.js'
import { createStorage, migrateStorage } from '../../src/storage/storage.js'
import { startSweeper, sweepAuditEvents, sweepExpired } from '../../src/storage/sweep.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openTestStorage, type TestStorage } from './test-storage.js'

describeOnDatabases('Stores, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  describe('keys', () => {
    it('are made once, by however many that start together', async () => {
      await Promise.all([ensureKeys(given.storage), ensureKeys(given.storage), ensureKeys(given.storage)])
      const keys = await loadSigningKeys(given.storage)
      expect(keys.map(({ alg }) => alg).sort()).toEqual(['ES256', 'RS256'])
      expect(keys.every(({ d, kid, use }) => typeof d === 'string' && kid !== '' && use === 'sig')).toBe(true)
      expect(await loadCookieKeys(given.storage)).toHaveLength(1)
      await ensureKeys(given.storage)
      expect((await loadSigningKeys(given.storage)).map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid))
    })

    it('keep their private parts out of every column', async () => {
      for (const key of await loadSigningKeys(given.storage)) {
        for (const part of [key.d, key.p, key.dp]) if (part !== undefined) expect(await given.holds(part)).toBe(false)
      }
      for (const key of await loadCookieKeys(given.storage)) expect(await given.holds(key)).toBe(false)
    })

    it('cannot be opened with another encryption key, and say what to do', async () => {
      const other = createStorage({ ...given.storage, secretBox: createSecretBox(randomSecret()) })
      await expect(loadSigningKeys(other)).rejects.toThrow(/restore ENCRYPTION_KEY or its file/)
      await expect(loadCookieKeys(other)).rejects.toThrow(/restore ENCRYPTION_KEY or its file/)
      await other.prisma.$disconnect()
    })

    it('sign with the current one first, and keep the others', async () => {
      const [current] = await loadSigningKeys(given.storage)
      await given.storage.prisma.signingKey.create({
        data: {
          kid: 'older',
          algorithm: 'ES256',
          status: 'previous',
          publicJwk: {},
          sealedPrivateJwk: given.storage.secretBox.seal(
            JSON.stringify({ ...current, kid: 'older' }),
            'signing key older',
          ),
          createdAt: new Date('2030-01-01'),
        },
      })
      const kids = (await loadSigningKeys(given.storage)).map(({ kid }) => kid)
      expect(kids).toHaveLength(3)
      expect(kids.at(-1)).toBe('older')
    })
  })

  describe('keys that change', () => {
    const policy = keyPolicy({ rotationDays: 90, leadSeconds: 86_400, sessionTtlSeconds: 3_600 })
    const ids = async () => new Set((await readStoredKeys(given.storage)).map(({ id }) => id))

    it('do so all or not at all, and a revoked one is gone and announced', async () => {
      const before = await ids()
      const rotated = await rotateKeys(given.storage, policy, { immediately: true })
      expect(rotated.map(({ type, use }) => `${type} ${use}`).sort()).toEqual([
        'key.activated ES256',
        'key.activated RS256',
        'key.activated cookie',
      ])
      expect([...(await ids())].filter((id) => !before.has(id)).sort()).toEqual(rotated.map(({ id }) => id).sort())
      const newest = rotated.find(({ use }) => use === 'ES256')?.id ?? ''
      const [first] = (await loadSigningKeys(given.storage)).filter(({ alg }) => alg === 'ES256')
      expect(first?.kid).toBe(newest)

      const revoked = await revokeKey(given.storage, policy, newest)
      expect(revoked.map(({ type }) => type)).toEqual(['key.revoked', 'key.activated'])
      expect(await ids()).not.toContain(newest)
      const where = { kind: 'key', subjectHash: hashSecret(newest) }
      expect(await given.storage.prisma.revocation.count({ where })).toBe(1)
      expect(await revokeKey(given.storage, policy, newest)).toEqual([])
    })
  })

  describe('clients', () => {
    it('are listed and shown without their secret', async () => {
      const store = createClientStore(given.storage)
      const metadata = { client_id: 'machine', client_name: 'Machine', client_secret: 'hush-hush-hush' }
      await store.save('machine', metadata, 'static')
      expect(await store.find('machine')).toMatchObject({ clientId: 'machine', origin: 'static', name: 'Machine' })
      expect(JSON.stringify(await store.list())).not.toContain('hush')
      expect(await given.holds('hush-hush-hush')).toBe(false)
      expect(await given.adapter('Client').find('machine')).toEqual({ ...metadata, made_by_operator: true })
    })

    it('keep their origin when the engine saves them again', async () => {
      await given.adapter('Client').upsert('machine', { client_id: 'machine', client_name: 'Renamed' }, 0)
      expect(await createClientStore(given.storage).find('machine')).toMatchObject({
        origin: 'static',
        name: 'Renamed',
      })
    })

    it('lose every grant, and all that was issued, when they are removed', async () => {
      const { grantId } = await given.newGrant({ clientId: 'machine' })
      const token = randomSecret()
      await given.adapter('RefreshToken').upsert(token, { jti: token, kind: 'RefreshToken', grantId }, 60)
      expect(await createClientStore(given.storage).remove('machine')).toBe(true)
      expect(await createClientStore(given.storage).remove('machine')).toBe(false)
      expect(await given.adapter('Grant').find(grantId)).toBeUndefined()
      expect(await given.adapter('RefreshToken').find(token)).toBeUndefined()
    })
  })

  describe('documents of clients', () => {
    const at = (seconds: number) => new Date(given.storage.clock.now().getTime() + seconds * 1_000)
    const documentOf = (url: string, body: string, fetched = 0) => ({
      ...{ url, body, fingerprint: body, etag: undefined },
      ...{ fetchedAt: at(fetched), freshUntil: at(fetched + 60), usableUntil: at(fetched + 600) },
    })

    it('are stored when told to, then replaced by later ones only', async () => {
      const store = createClientDocumentStore(given.storage)
      const url = 'https://client.example/replaced.json'
      expect(await store.save('metadata', documentOf(url, 'one'), false)).toBe(false)
      expect(await store.find('metadata', url)).toBeUndefined()
      expect(await store.save('metadata', documentOf(url, '{"a":"\\u0000"}'), true)).toBe(true)
      expect(await store.find('metadata', url)).toEqual(documentOf(url, '{"a":"\\u0000"}'))
      const later = { ...documentOf(url, 'two', 5), etag: '"two"' }
      const withMore = { ...later, value: 'parsed', isStored: true }
      expect(await store.save('metadata', withMore, false)).toBe(true)
      expect(await store.save('metadata', documentOf(url, 'late', 2), true)).toBe(true)
      expect(await store.find('metadata', url)).toEqual(later)
      expect(await store.find('keys', url)).toBeUndefined()
    })

    it('are gone when their time is over, and then swept', async () => {
      const store = createClientDocumentStore(given.storage)
      const url = 'https://client.example/over.json'
      const saved = Array.from({ length: 10 }, () => store.save('keys', documentOf(url, 'one'), true))
      expect(await Promise.all(saved)).toEqual(saved.map(() => true))
      given.advance(601)
      expect(await store.find('keys', url)).toBeUndefined()
      given.advance(300)
      await sweepExpired(given.storage)
      expect(await given.storage.prisma.clientDocument.count({ where: { url } })).toBe(0)
    })
  })

  describe('consents', () => {
    it('are remembered per resource, added to, taken back, and forgotten when the client changes', async () => {
      const { accountId } = await given.newGrant()
      const key = { accountId, clientId: 'client-1', resource: 'https://mcp.example.com/mcp' }
      const remember = (fingerprint: string, answer: { asked: string[]; allowed: string[] }) =>
        writeTogether(given.storage.database.sql, [rememberConsent(given.storage, key, fingerprint, answer)])
      const remembered = async (resource: string, fingerprint: string) =>
        rememberedScopes(await given.storage.prisma.consent.findMany({ where: { accountId } }), resource, fingerprint)
      await remember('first', { asked: ['read'], allowed: ['read'] })
      await remember('first', { asked: ['write', 'read'], allowed: ['write', 'read'] })
      await remember('first', { asked: ['delete'], allowed: [] })
      expect(await remembered(key.resource, 'first')).toEqual(['write', 'read'])
      expect(await remembered('', 'first')).toEqual([])
      expect(await remembered(key.resource, 'second')).toEqual([])
      await remember('first', { asked: ['write'], allowed: [] })
      expect(await remembered(key.resource, 'first')).toEqual(['read'])
      await remember('second', { asked: ['read'], allowed: ['read'] })
      expect(await remembered(key.resource, 'second')).toEqual(['read'])
    })
  })

  describe('the audit trail', () => {
    it('is written, and a failure to write undoes nothing', async () => {
      const lines: string[] = []
      const audit = createAuditTrail(given.storage, createLogger('error', { write: (line) => void lines.push(line) }))
      await audit.record({ type: 'sign_in.failed', detail: { address: '192.0.2.1' } })
      expect(await given.storage.prisma.auditEvent.findFirst({ where: { type: 'sign_in.failed' } })).toMatchObject({
        accountId: null,
        detail: { address: '192.0.2.1' },
        at: given.storage.clock.now(),
      })
      // PostgreSQL cannot store a NUL.
      await audit.record({ type: 'sign_in.failed', clientId: 'a\u0000b' })
      expect(lines).toHaveLength(1)
      expect(lines[0]).toContain('audit event was not written')
    })

    /** Two days from now. */
    const later = () => {
      const now = new Date(given.storage.clock.now().getTime() + 2 * 86_400_000)
      return { ...given.storage, clock: { now: () => now } }
    }

    it('can be added to and nothing else, until its time is over', async () => {
      const { sql } = given.storage.database
      const audit = createAuditTrail(given.storage, createLogger('silent'))
      for (let event = 0; event < 3; event += 1) await audit.record({ type: 'signed_out', accountId: 'a' })
      for (const [name, text] of [
        ['update', `UPDATE audit_events SET type = 'nothing'`],
        ['delete', 'DELETE FROM audit_events'],
        ['truncate', 'TRUNCATE audit_events'],
      ] as const) {
        await expect(sql.query({ name: `audit_${name}`, lane: 'write', text }, [])).rejects.toThrow(
          'audit_events is append-only',
        )
      }
      const count = () => given.storage.prisma.auditEvent.count({ where: { type: 'signed_out' } })
      expect(await sweepAuditEvents(given.storage, 86_400)).toBe(0)
      expect(await count()).toBe(3)
      expect(await sweepAuditEvents(later(), 86_400)).toBeGreaterThanOrEqual(3)
      expect(await count()).toBe(0)
      // That the sweeper may delete is over with its statement.
      await audit.record({ type: 'signed_out', accountId: 'a' })
      await expect(
        sql.query({ name: 'audit_delete', lane: 'write', text: 'DELETE FROM audit_events' }, []),
      ).rejects.toThrow('append-only')
    })

    it('is swept in batches', async () => {
      const { sql } = given.storage.database
      const text = `INSERT INTO audit_events (at, type, detail) SELECT $1::timestamptz, 'signed_out', '{}' FROM generate_series(1, 1200)`
      await sql.query({ name: 'audit_many', lane: 'write', text }, [given.storage.clock.now()])
      const batches: number[] = []
      const counting = {
        ...given.storage.database,
        sql: {
          query: async <Row>(...[statement, values]: Parameters<typeof sql.query>) => {
            const result = await sql.query<Row>(statement, values)
            batches.push(result.rowCount)
            return result
          },
        },
      }
      expect(await sweepAuditEvents({ ...later(), database: counting }, 86_400)).toBeGreaterThanOrEqual(1200)
      expect(Math.max(...batches)).toBe(500)
      expect(await given.storage.prisma.auditEvent.count()).toBe(0)
    })
  })

  it('end a session by its uid', async () => {
    const [id, uid] = [randomSecret(), randomSecret()]
    await given.adapter('Session').upsert(id, { jti: id, kind: 'Session', uid }, 60)
    await endSession(given.storage, uid)
    expect(await given.adapter('Session').find(id)).toBeUndefined()
  })

  it.each([
    ['signing out', (id: string) => given.adapter('Session').destroy(id)],
    ['its uid', (_id: string, uid: string) => endSession(given.storage, uid)],
    [
      'what ends all of an account',
      async (_id: string, _uid: string, accountId: string) =>
        void (await endSessionsOf(given.storage.prisma, accountId, given.storage.clock.now())),
    ],
  ])('a session that was ended by %s is not brought back by a request that was under way', async (_by, end) => {
    const [id, uid] = [randomSecret(), randomSecret()]
    const { accountId } = await given.newGrant()
    const session = given.adapter('Session')
    const payload = { jti: id, kind: 'Session', uid, accountId }
    await session.upsert(id, payload, 60)
    expect(await session.find(id)).toMatchObject({ accountId })
    await end(id, uid, accountId)
    // As the request saves it at its end: under the value it came with, or under a new one.
    const renewed = randomSecret()
    await session.upsert(id, payload, 60)
    await session.upsert(renewed, { ...payload, jti: renewed }, 60)
    for (const value of [id, renewed]) expect(await session.find(value)).toBeUndefined()
    expect(await session.findByUid(uid)).toBeUndefined()
    expect(await given.storage.prisma.session.count({ where: { accountId } })).toBe(0)
  })

  it('a session that gets a new cookie value is known by the new one alone', async () => {
    const [id, renewed, uid] = [randomSecret(), randomSecret(), randomSecret()]
    const session = given.adapter('Session')
    await session.upsert(id, { jti: id, kind: 'Session', uid }, 60)
    await session.upsert(renewed, { jti: renewed, kind: 'Session', uid }, 60)
    expect(await session.find(id)).toBeUndefined()
    expect(await session.find(renewed)).toMatchObject({ uid })
  })

  describe('the sweeper', () => {
    it('deletes in batches what expired a while ago, and nothing else', async () => {
      const { grantId } = await given.newGrant()
      const rows = Array.from({ length: 1_203 }, (_, index) => ({
        model: 'AccessToken',
        idHash: `swept-${index}`,
        grantId,
        payload: {},
        expiresAt: given.storage.clock.now(),
      }))
      await given.storage.prisma.artifact.createMany({ data: rows })
      await given.adapter('RefreshToken').upsert('kept', { jti: 'kept', kind: 'RefreshToken', grantId }, 3_600)
      await given.storage.prisma.artifact.create({
        data: { model: 'RegistrationAccessToken', idHash: 'for ever', payload: {} },
      })
      expect(await sweepExpired(given.storage)).toBe(0)
      given.advance(301)
      expect(await sweepExpired(given.storage)).toBeGreaterThanOrEqual(1_203)
      expect(await sweepExpired(given.storage)).toBe(0)
      expect(await given.storage.prisma.artifact.count({ where: { idHash: { startsWith: 'swept' } } })).toBe(0)
      expect(await given.storage.prisma.artifact.count({ where: { idHash: 'for ever' } })).toBe(1)
      expect(await given.adapter('RefreshToken').find('kept')).toBeDefined()
    })

    it('takes what was issued along with an expired grant, sessions and sign-ins in progress', async () => {
      const { grantId } = await given.newGrant()
      const id = randomSecret()
      await given.adapter('RefreshToken').upsert(id, { jti: id, kind: 'RefreshToken', grantId }, 90_000)
      await given.adapter('Session').upsert(id, { jti: id, kind: 'Session', uid: id }, 60)
      await given.adapter('Interaction').upsert(id, { jti: id, kind: 'Interaction' }, 60)
      given.advance(86_400 + 301)
      await sweepExpired(given.storage)
      expect(await given.storage.prisma.grant.count({ where: { id: grantId } })).toBe(0)
      expect(await given.storage.prisma.artifact.count({ where: { grantId } })).toBe(0)
      expect(await given.storage.prisma.session.count({ where: { uid: id } })).toBe(0)
      expect(await given.storage.prisma.ephemeralArtifact.count()).toBe(0)
    })

    it('runs at its interval until it is stopped', async () => {
      const lines: string[] = []
      const log = createLogger('debug', { write: (line) => void lines.push(line) })
      const stop = startSweeper(given.storage, log, { idleClientSeconds: 86_400, intervalSeconds: 0.02 })
      while (lines.length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
      await stop()
      const { length } = lines
      await new Promise((resolve) => setTimeout(resolve, 60))
      expect(lines).toHaveLength(length)
    })
  })

  it('are ready when migrated and answering, and not before', async () => {
    await expect(given.storage.ready()).resolves.toBeUndefined()
    expect(await migrateStorage(given.storage.database)).toEqual([])
    const pending = createStorage(given.storage)
    await given.storage.database.sql.query(
      { name: 'unmigrate', lane: 'write', text: `UPDATE _prisma_migrations SET rolled_back_at = now()` },
      [],
    )
    await expect(pending.ready()).rejects.toThrow('migrations are pending')
    await pending.prisma.$disconnect()
  })
})
