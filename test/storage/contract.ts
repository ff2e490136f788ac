/**
 * What the engine relies on in any adapter, as a suite that runs against its own memory adapter and ours alike. What only ours
 * promises (atomic single use, cascade, hashing) is tested beside it.
 */
import { describe, expect, it } from '@jest/globals'
import type { Adapter } from 'oidc-provider'
import { randomSecret } from '../../src/base/secrets.js'

export interface AdapterUnderTest {
  readonly adapter: (model: string) => Adapter
  newGrant(): Promise<{ grantId: string; accountId: string }>
}

/** Models whose values are secrets, with what their payloads look like. */
export const models: readonly string[] = [
  'AuthorizationCode',
  'RefreshToken',
  'AccessToken',
  'ClientCredentials',
  'RegistrationAccessToken',
  'InitialAccessToken',
  'Interaction',
  'PushedAuthorizationRequest',
  'DeviceCode',
  'Session',
]

export const underGrant: ReadonlySet<string> = new Set([
  'AuthorizationCode',
  'RefreshToken',
  'AccessToken',
  'DeviceCode',
])
export const singleUse: readonly string[] = [
  'AuthorizationCode',
  'RefreshToken',
  'DeviceCode',
  'PushedAuthorizationRequest',
]

/** A payload as the engine saves it. */
export async function payloadOf(
  subject: AdapterUnderTest,
  model: string,
  id: string,
): Promise<Record<string, unknown>> {
  const { grantId, accountId } = await subject.newGrant()
  return {
    jti: id,
    kind: model,
    iat: 1_795_262_400,
    exp: 1_795_266_000,
    clientId: 'client-1',
    text: 'ünï"cødé\\ 😀',
    nested: { list: [1, null, { deep: true }] },
    ...(underGrant.has(model) ? { grantId } : {}),
    // A device code gets its account when it is approved.
    ...(underGrant.has(model) && model !== 'DeviceCode' ? { accountId } : {}),
    ...(model === 'Session' ? { uid: randomSecret(8), accountId } : {}),
    ...(model === 'DeviceCode' ? { userCode: randomSecret(6) } : {}),
  }
}

export function describeAdapter(name: string, subject: () => AdapterUnderTest): void {
  describe.each(models)(`The engine's adapter contract, on ${name}: %s`, (model) => {
    const save = async () => {
      const id = randomSecret()
      const payload = await payloadOf(subject(), model, id)
      await subject().adapter(model).upsert(id, payload, 60)
      return { id, payload }
    }

    it('comes back as it was saved, its own value included', async () => {
      const { id, payload } = await save()
      expect(await subject().adapter(model).find(id)).toEqual(payload)
    })

    it('is undefined when it was never saved', async () => {
      const adapter = subject().adapter(model)
      expect(await adapter.find(randomSecret())).toBeUndefined()
      expect(await adapter.find('')).toBeUndefined()
      expect(await adapter.find('x'.repeat(5_000))).toBeUndefined()
    })

    it('is replaced by another save', async () => {
      const { id, payload } = await save()
      await subject()
        .adapter(model)
        .upsert(id, { ...payload, text: 'changed' }, 60)
      expect(await subject().adapter(model).find(id)).toMatchObject({ text: 'changed' })
    })

    it('is gone once destroyed', async () => {
      const { id } = await save()
      await subject().adapter(model).destroy(id)
      expect(await subject().adapter(model).find(id)).toBeUndefined()
    })

    it('does not answer for another model with the same value', async () => {
      const { id } = await save()
      for (const other of models.filter((candidate) => candidate !== model)) {
        expect(await subject().adapter(other).find(id)).toBeUndefined()
      }
    })
  })

  describe.each(singleUse)(`The engine's adapter contract, on ${name}: use of %s`, (model) => {
    it('is remembered', async () => {
      const id = randomSecret()
      const adapter = subject().adapter(model)
      await adapter.upsert(id, await payloadOf(subject(), model, id), 60)
      expect(await adapter.find(id)).not.toHaveProperty('consumed')
      await adapter.consume(id)
      expect((await adapter.find(id))?.consumed).toBeTruthy()
    })
  })

  describe(`The engine's adapter contract, on ${name}: lookups`, () => {
    it('finds a session by its uid, and no other', async () => {
      const id = randomSecret()
      const payload = await payloadOf(subject(), 'Session', id)
      const adapter = subject().adapter('Session')
      await adapter.upsert(id, payload, 60)
      expect(await adapter.findByUid(String(payload['uid']))).toMatchObject({ uid: payload['uid'] })
      expect(await adapter.findByUid(randomSecret())).toBeUndefined()
    })

    it('finds a device code by its user code, with its own value, and saves it again', async () => {
      const id = randomSecret()
      const payload = await payloadOf(subject(), 'DeviceCode', id)
      const adapter = subject().adapter('DeviceCode')
      await adapter.upsert(id, payload, 60)
      const found = await adapter.findByUserCode(String(payload['userCode']))
      expect(found).toEqual(payload)
      await adapter.upsert(id, { ...payload, accountId: 'somebody' }, 60)
      expect(await adapter.findByUserCode(String(payload['userCode']))).toMatchObject({ accountId: 'somebody' })
      expect(await adapter.findByUserCode(randomSecret())).toBeUndefined()
    })

    it('revokes everything of one model by its grant, and nothing of another grant', async () => {
      const adapter = subject().adapter('AccessToken')
      const tokens = [randomSecret(), randomSecret(), randomSecret()] as const
      const [first, other] = [
        await payloadOf(subject(), 'AccessToken', tokens[0]),
        await payloadOf(subject(), 'AccessToken', tokens[2]),
      ]
      await adapter.upsert(tokens[0], first, 60)
      await adapter.upsert(tokens[1], { ...first, jti: tokens[1] }, 60)
      await adapter.upsert(tokens[2], other, 60)
      await adapter.revokeByGrantId(String(first['grantId']))
      expect(await Promise.all(tokens.map((token) => adapter.find(token)))).toEqual([undefined, undefined, other])
    })
  })
}
