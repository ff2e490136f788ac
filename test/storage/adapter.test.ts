import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { clockToleranceSeconds } from '../../src/storage/engine-model.js'
import { expiredDeviceCodeSeconds, rememberOnce } from '../../src/storage/grants/artifacts.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { describeAdapter, models, payloadOf, singleUse, underGrant } from './contract.js'
import { createMemoryAdapter } from './memory-adapter.js'
import { openTestStorage, type TestStorage } from './test-storage.js'

const memory = createMemoryAdapter()
describeAdapter('the engine’s memory adapter', () => ({
  adapter: memory,
  newGrant: async () => ({ grantId: randomSecret(8), accountId: randomSecret(8) }),
}))

describeOnDatabases('Storage, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  describeAdapter(kind, () => given)

  const save = async (model: string, expiresIn = 60) => {
    const id = randomSecret()
    const payload = await payloadOf(given, model, id)
    await given.adapter(model).upsert(id, payload, expiresIn)
    return { id, payload, grantId: String(payload['grantId']) }
  }

  describe('secrets at rest', () => {
    it.each(models)('keeps no value of a %s in any column', async (model) => {
      const { id } = await save(model)
      expect(await given.holds(id)).toBe(false)
    })

    it('keeps no cookie of an interaction: its own, in its return address, or the session’s', async () => {
      const id = randomSecret()
      const cookie = randomSecret()
      const returnTo = `https://auth.example.com/authorize/${id}`
      const payload = { jti: id, kind: 'Interaction', returnTo, session: { uid: 'u', cookie, accountId: 'a' } }
      await given.adapter('Interaction').upsert(id, payload, 60)
      expect(await given.holds(id)).toBe(false)
      expect(await given.holds(cookie)).toBe(false)
      expect(await given.adapter('Interaction').find(id)).toMatchObject({ jti: id, returnTo, session: { uid: 'u' } })
    })

    it('keeps a client’s secret sealed, and gives it back to the engine', async () => {
      const secret = randomSecret()
      const metadata = { client_id: 'sealed', client_name: 'Sealed', client_secret: secret }
      await given.adapter('Client').upsert('sealed', metadata, 0)
      expect(await given.holds(secret)).toBe(false)
      expect(await given.adapter('Client').find('sealed')).toEqual(metadata)
    })
  })

  describe('a device code', () => {
    it.each<[string, Record<string, unknown>]>([
      ['approved', { accountId: 'first' }],
      ['denied', { error: 'access_denied' }],
    ])('that was %s stays so: of twenty later decisions none counts', async (_what, decision) => {
      const { id, payload } = await save('DeviceCode', 60)
      const adapter = given.adapter('DeviceCode')
      await adapter.upsert(id, { ...payload, ...decision }, 60)
      const later = Array.from({ length: 20 }, () => adapter.upsert(id, { ...payload, accountId: 'second' }, 60))
      expect((await Promise.allSettled(later)).map(({ status }) => status)).toEqual(later.map(() => 'rejected'))
      expect(await adapter.find(id)).toMatchObject(decision)
    })
  })

  describe('expiry', () => {
    it.each(models)('is checked whenever a %s is read, with the engine’s tolerance', async (model) => {
      const { id } = await save(model, 60)
      given.advance(60 + (model === 'DeviceCode' ? expiredDeviceCodeSeconds : clockToleranceSeconds) - 1)
      expect(await given.adapter(model).find(id)).toBeDefined()
      given.advance(1)
      expect(await given.adapter(model).find(id)).toBeUndefined()
    })

    it('is checked by the other lookups and for grants as well', async () => {
      const session = await save('Session', 60)
      const device = await save('DeviceCode', 60)
      const { grantId } = await given.newGrant()
      given.advance(86_400 + clockToleranceSeconds)
      expect(await given.adapter('Session').findByUid(String(session.payload['uid']))).toBeUndefined()
      expect(await given.adapter('DeviceCode').findByUserCode(String(device.payload['userCode']))).toBeUndefined()
      expect(await given.adapter('Grant').find(grantId)).toBeUndefined()
    })

    it('never comes for what was saved without one', async () => {
      const id = randomSecret()
      const adapter = given.adapter('RegistrationAccessToken')
      // The engine leaves the third argument out, though its types ask for it.
      await Reflect.apply(adapter.upsert, adapter, [id, { jti: id, kind: 'RegistrationAccessToken' }])
      given.advance(10 * 365 * 86_400)
      expect(await given.adapter('RegistrationAccessToken').find(id)).toBeDefined()
    })
  })

  describe('single use', () => {
    it.each(singleUse)('of a %s is won by one of fifty at once', async (model) => {
      const { id } = await save(model)
      const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => given.adapter(model).consume(id)))
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      const lost = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
      expect(new Set(lost.map(({ statusCode }) => statusCode))).toEqual(new Set([400]))
    })

    it('is refused for what does not exist', async () => {
      await expect(given.adapter('AuthorizationCode').consume(randomSecret())).rejects.toMatchObject({
        error: 'invalid_grant',
      })
    })

    it('survives another save: what was used stays used', async () => {
      const { id, payload } = await save('RefreshToken')
      await given.adapter('RefreshToken').consume(id)
      await given.adapter('RefreshToken').upsert(id, payload, 60)
      expect(await given.adapter('RefreshToken').find(id)).toHaveProperty('consumed')
    })

    it('of an interaction is its end: one of ten at once brings it about', async () => {
      const { id } = await save('Interaction')
      const endings = Array.from({ length: 10 }, () => given.adapter('Interaction').destroy(id))
      const outcomes = await Promise.allSettled(endings)
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    })

    it('of an interaction is final: a save that was under way does not bring it back', async () => {
      const { id, payload } = await save('Interaction')
      await given.adapter('Interaction').destroy(id)
      await expect(given.adapter('Interaction').upsert(id, payload, 60)).rejects.toMatchObject({ statusCode: 400 })
      expect(await given.adapter('Interaction').find(id)).toBeUndefined()
    })

    it.each(['Session', 'RefreshToken', 'PushedAuthorizationRequest'])('of a %s is not its end', async (model) => {
      const { id } = await save(model)
      await given.adapter(model).destroy(id)
      await expect(given.adapter(model).destroy(id)).resolves.toBeUndefined()
    })

    it('of an identifier is won by one of fifty at once, and remembered (RFC 9449 §11.1)', async () => {
      const identifier = randomSecret()
      const expiresAt = new Date(given.storage.clock.now().getTime() + 60_000)
      const outcomes = await Promise.all(
        Array.from({ length: 50 }, () => rememberOnce(given.storage, identifier, expiresAt)),
      )
      expect(outcomes.filter(Boolean)).toHaveLength(1)
      expect(await rememberOnce(given.storage, identifier, expiresAt)).toBe(false)
      expect(await rememberOnce(given.storage, randomSecret(), expiresAt)).toBe(true)
      expect(await given.holds(identifier)).toBe(false)
    })
  })

  describe('grants', () => {
    it('take everything issued under them along when they are deleted', async () => {
      const { grantId } = await given.newGrant()
      const issued = [...underGrant].map((model) => ({ model, id: randomSecret() }))
      for (const { model, id } of issued) {
        const userCode = model === 'DeviceCode' ? { userCode: randomSecret(6) } : {}
        await given.adapter(model).upsert(id, { jti: id, kind: model, grantId, ...userCode }, 60)
      }
      await given.adapter('Grant').destroy(grantId)
      for (const { model, id } of issued) expect(await given.adapter(model).find(id)).toBeUndefined()
    })

    it('have nothing issued under them once they are deleted', async () => {
      const { grantId } = await given.newGrant()
      await given.adapter('Grant').destroy(grantId)
      const id = randomSecret()
      const saving = given.adapter('AuthorizationCode').upsert(id, { jti: id, kind: 'AuthorizationCode', grantId }, 60)
      await expect(saving).rejects.toMatchObject({ error: 'invalid_grant' })
      expect(await given.adapter('AuthorizationCode').find(id)).toBeUndefined()
    })

    it('come back as they were saved, and grow', async () => {
      const { grantId, accountId } = await given.newGrant()
      const grown = { jti: grantId, kind: 'Grant', accountId, clientId: 'client-1', resources: { a: 'read write' } }
      await given.adapter('Grant').upsert(grantId, grown, 86_400)
      expect(await given.adapter('Grant').find(grantId)).toEqual(grown)
    })
  })

  describe('sessions', () => {
    it('stay one row when the cookie changes, and the old cookie is void', async () => {
      const { id, payload } = await save('Session')
      const renewed = randomSecret()
      await given.adapter('Session').upsert(renewed, { ...payload, jti: renewed }, 60)
      expect(await given.adapter('Session').find(id)).toBeUndefined()
      expect(await given.adapter('Session').find(renewed)).toMatchObject({ uid: payload['uid'] })
      expect(await given.storage.prisma.session.count({ where: { uid: String(payload['uid']) } })).toBe(1)
      // The engine destroys the old cookie after saving the new one.
      await given.adapter('Session').destroy(id)
      expect(await given.adapter('Session').find(renewed)).toBeDefined()
    })
  })

  it('does not look for a URL among the registered clients', async () => {
    expect(await given.adapter('Client').find('https://client.example/metadata')).toBeUndefined()
  })

  it('throws what a model does not have, rather than answering', async () => {
    await expect(given.adapter('Grant').consume('x')).rejects.toThrow('Grant has no single use')
    await expect(given.adapter('RefreshToken').findByUid('x')).rejects.toThrow('RefreshToken has no uid')
  })
})
