import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { randomSecret } from '../../src/base/secrets.js'
import { createAccountStore } from '../../src/storage/accounts/accounts.js'
import { createClientStore } from '../../src/storage/clients/clients.js'
import { TokenReader } from '../../src/storage/grants/token-reader.js'
import { type CommitOutcome, currentUnit, UnitOfWork, withinUnit } from '../../src/storage/unit-of-work.js'
import { describeOnDatabases } from '../support/describe-with.js'
import { openTestStorage, refreshGraceSeconds, type TestStorage } from './test-storage.js'

/** Seconds. Tokens are replaced by the database's clock, which goes on, while the test's stands still. */
const longAfterGrace = 1_800

type Redeemed = 'AuthorizationCode' | 'RefreshToken'

describeOnDatabases('A token request as one unit of work, on %s', (kind) => {
  let given: TestStorage
  beforeAll(async () => {
    given = await openTestStorage(kind)
  })
  afterAll(() => given.close())

  const newTokenRequest = () => new UnitOfWork(given.storage, new TokenReader(given.storage))

  const issue = async (model: Redeemed, grantId?: string) => {
    const value = randomSecret()
    const grant = grantId ?? (await given.newGrant()).grantId
    await given.adapter(model).upsert(value, { jti: value, kind: model, clientId: 'client-1', grantId: grant }, 3_600)
    return { value, grantId: grant }
  }

  /** What the engine does at the token endpoint: read, mark as used, save what is new. */
  const redeem = async (
    model: Redeemed,
    { value, grantId }: { value: string; grantId: string },
    { accepts = true, meanwhile = async () => {} } = {},
  ): Promise<{ outcome?: CommitOutcome; refreshToken: string; accessToken: string; consumed: unknown }> => {
    const unit = newTokenRequest()
    const [refreshToken, accessToken] = [randomSecret(), randomSecret()]
    const consumed = await withinUnit(unit, async () => {
      const found = await given.adapter(model).find(value)
      if (found === undefined) return 'not found'
      if (found.consumed !== undefined) return found.consumed
      await given.adapter(model).consume(value)
      const fresh = { clientId: 'client-1', grantId }
      await given.adapter('AccessToken').upsert(accessToken, { jti: accessToken, kind: 'AccessToken', ...fresh }, 600)
      await given
        .adapter('RefreshToken')
        .upsert(refreshToken, { jti: refreshToken, kind: 'RefreshToken', ...fresh }, 3_600)
      return undefined
    })
    await meanwhile()
    const outcome = accepts && consumed === undefined ? { outcome: await unit.commit() } : {}
    return { ...outcome, refreshToken, accessToken, consumed }
  }

  const isLive = async (model: string, value: string) => {
    const found = await given.adapter(model).find(value)
    return found !== undefined && found.consumed === undefined
  }

  it.each<Redeemed>(['AuthorizationCode', 'RefreshToken'])(
    'commits what was used and what is new together: %s',
    async (model) => {
      const credential = await issue(model)
      const { outcome, refreshToken, accessToken } = await redeem(model, credential)
      expect(outcome).toEqual({ kind: 'committed' })
      expect(await isLive(model, credential.value)).toBe(false)
      expect(await isLive('RefreshToken', refreshToken)).toBe(true)
      expect(await isLive('AccessToken', accessToken)).toBe(true)
    },
  )

  it.each<Redeemed>(['AuthorizationCode', 'RefreshToken'])(
    'uses up nothing and issues nothing when refused: %s',
    async (model) => {
      const credential = await issue(model)
      const refused = await redeem(model, credential, { accepts: false })
      expect(await isLive(model, credential.value)).toBe(true)
      expect(await isLive('RefreshToken', refused.refreshToken)).toBe(false)
      expect((await redeem(model, credential)).outcome).toEqual({ kind: 'committed' })
    },
  )

  it('commits a request that redeems nothing (client_credentials), and one that writes nothing', async () => {
    const unit = newTokenRequest()
    const value = randomSecret()
    const token = { jti: value, kind: 'ClientCredentials', clientId: 'client-1' }
    await withinUnit(unit, () => given.adapter('ClientCredentials').upsert(value, token, 600))
    expect(await isLive('ClientCredentials', value)).toBe(false)
    expect(await unit.commit()).toEqual({ kind: 'committed' })
    expect(await isLive('ClientCredentials', value)).toBe(true)
    expect(await newTokenRequest().commit()).toEqual({ kind: 'committed' })
  })

  it('lets one of fifty redemptions of a code win; the others leave nothing behind', async () => {
    const code = await issue('AuthorizationCode')
    const all = await Promise.all(Array.from({ length: 50 }, () => redeem('AuthorizationCode', code)))
    const outcomes = all.map(({ outcome }) => outcome?.kind ?? 'used before')
    expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1)
    expect(outcomes.filter((outcome) => outcome === 'successor')).toHaveLength(0)
    const live = await Promise.all(all.map(({ refreshToken }) => isLive('RefreshToken', refreshToken)))
    expect(live.filter(Boolean)).toHaveLength(1)
    expect(await given.storage.prisma.artifact.count({ where: { grantId: code.grantId } })).toBe(3)
  })

  it('gives fifty refreshes at once the one same successor', async () => {
    const token = await issue('RefreshToken')
    const all = await Promise.all(Array.from({ length: 50 }, () => redeem('RefreshToken', token)))
    const winner = all.find(({ outcome }) => outcome?.kind === 'committed')
    expect(all.filter(({ outcome }) => outcome?.kind === 'committed')).toHaveLength(1)
    const successors = all.flatMap(({ outcome }) => (outcome?.kind === 'successor' ? [outcome.refreshToken] : []))
    expect(successors).toHaveLength(49)
    expect(new Set(successors)).toEqual(new Set([winner?.refreshToken]))
    expect(
      await given.storage.prisma.artifact.count({ where: { grantId: token.grantId, model: 'RefreshToken' } }),
    ).toBe(2)
  })

  it('gives a repeated refresh the same successor until that is used, and then tells reuse', async () => {
    const token = await issue('RefreshToken')
    const first = await redeem('RefreshToken', token)
    for (const later of [refreshGraceSeconds - 1, longAfterGrace, 0]) {
      given.advance(later)
      const repeated = await redeem('RefreshToken', token)
      expect(repeated.outcome).toEqual({ kind: 'successor', refreshToken: first.refreshToken })
      expect(await isLive('AccessToken', repeated.accessToken)).toBe(true)
    }
    expect((await redeem('RefreshToken', { ...token, value: first.refreshToken })).outcome?.kind).toBe('committed')
    const late = await redeem('RefreshToken', token)
    expect(late.outcome).toBeUndefined()
    expect(late.consumed).toEqual(expect.any(Number))
  })

  it('takes a token that was handed out again after the grace of its predecessor for used, when it comes late itself', async () => {
    const token = await issue('RefreshToken')
    const first = await redeem('RefreshToken', token)
    given.advance(longAfterGrace)
    await redeem('RefreshToken', token)
    const second = { ...token, value: first.refreshToken }
    expect((await redeem('RefreshToken', second)).outcome?.kind).toBe('committed')
    expect((await redeem('RefreshToken', second)).outcome?.kind).toBe('successor')
    given.advance(longAfterGrace)
    expect((await redeem('RefreshToken', second)).consumed).toEqual(expect.any(Number))
  })

  it('hands out no successor that is used between the look and the commit, and leaves nothing behind', async () => {
    const token = await issue('RefreshToken')
    const first = await redeem('RefreshToken', token)
    given.advance(longAfterGrace)
    const late = await redeem('RefreshToken', token, {
      meanwhile: async () => void (await redeem('RefreshToken', { ...token, value: first.refreshToken })),
    })
    expect(late.outcome).toEqual({ kind: 'replayed', grantId: token.grantId })
    expect(await isLive('AccessToken', late.accessToken)).toBe(false)
    const gone = await issue('RefreshToken')
    await redeem('RefreshToken', gone)
    given.advance(longAfterGrace)
    const lost = await redeem('RefreshToken', gone, {
      meanwhile: async () => void (await given.adapter('Grant').destroy(gone.grantId)),
    })
    expect(lost.outcome).toEqual({ kind: 'lost' })
  })

  it('lets every access token that a repeated refresh was given work, opaque ones too', async () => {
    const token = await issue('RefreshToken')
    const first = await redeem('RefreshToken', token)
    const repeated = await redeem('RefreshToken', token)
    expect(await isLive('AccessToken', first.accessToken)).toBe(true)
    expect(await isLive('AccessToken', repeated.accessToken)).toBe(true)
    expect(await isLive('RefreshToken', repeated.refreshToken)).toBe(false)
  })

  it('gives a refresh that took longer than the grace what another one got first, and loses it when that was used', async () => {
    const token = await issue('RefreshToken')
    let first = ''
    const late = await redeem('RefreshToken', token, {
      meanwhile: async () => {
        first = (await redeem('RefreshToken', token)).refreshToken
        given.advance(longAfterGrace)
      },
    })
    expect(late.outcome).toEqual({ kind: 'successor', refreshToken: first })
    const slow = await redeem(
      'RefreshToken',
      { ...token, value: first },
      {
        meanwhile: async () => {
          const second = await redeem('RefreshToken', { ...token, value: first })
          await redeem('RefreshToken', { ...token, value: second.refreshToken })
          given.advance(longAfterGrace)
        },
      },
    )
    expect(slow.outcome).toEqual({ kind: 'replayed', grantId: token.grantId })
    expect(await isLive('AccessToken', slow.accessToken)).toBe(false)
  })

  it('answers a repeated refresh with the end of the chain, not with a link that was replaced since', async () => {
    const token = await issue('RefreshToken')
    let newest = await redeem('RefreshToken', token)
    for (let turns = 0; turns < 3; turns += 1) {
      newest = await redeem('RefreshToken', { ...token, value: newest.refreshToken })
    }
    const repeated = await redeem('RefreshToken', token)
    expect(repeated.outcome).toEqual({ kind: 'successor', refreshToken: newest.refreshToken })
    await given.adapter('Grant').destroy(token.grantId)
    expect((await redeem('RefreshToken', token)).consumed).toBe('not found')
  })

  it('names the grant of a code that two redeem at once, for it to be revoked (RFC 6749 §4.1.2)', async () => {
    const code = await issue('AuthorizationCode')
    const late = await redeem('AuthorizationCode', code, {
      meanwhile: async () => void (await redeem('AuthorizationCode', code)),
    })
    expect(late.outcome).toEqual({ kind: 'replayed', grantId: code.grantId })
  })

  it('never takes a repeated code for an honest retry', async () => {
    const code = await issue('AuthorizationCode')
    await redeem('AuthorizationCode', code)
    expect((await redeem('AuthorizationCode', code)).consumed).toEqual(expect.any(Number))
  })

  it.each<[string, (grantId: string) => Promise<unknown>]>([
    ['the grant was deleted', (grantId) => given.adapter('Grant').destroy(grantId)],
    ['the client was removed', () => createClientStore(given.storage).remove('client-1')],
    [
      'the account was disabled',
      async (grantId) => {
        const grant = await given.storage.prisma.grant.findUniqueOrThrow({ where: { id: grantId } })
        await createAccountStore(given.storage).disable(grant.accountId)
      },
    ],
  ])('loses when %s meanwhile, and issues nothing', async (_what, meanwhile) => {
    for (const model of ['AuthorizationCode', 'RefreshToken'] as const) {
      const credential = await issue(model)
      const late = await redeem(model, credential, {
        meanwhile: async () => void (await meanwhile(credential.grantId)),
      })
      expect(late.outcome).toEqual({ kind: 'lost' })
      expect(await given.storage.prisma.artifact.count({ where: { grantId: credential.grantId } })).toBe(0)
    }
  })

  it('keeps the successor where only the holder of its predecessor can read it', async () => {
    const token = await issue('RefreshToken')
    const { refreshToken } = await redeem('RefreshToken', token)
    expect(await given.holds(refreshToken)).toBe(false)
    expect(await given.holds(token.value)).toBe(false)
  })

  it('hands on the grant and its holder that were read with the credential, as fresh copies', async () => {
    const { grantId, accountId } = await given.newGrant({ disabled: true })
    const { value } = await issue('RefreshToken', grantId)
    const unit = newTokenRequest()
    await withinUnit(unit, async () => {
      await given.adapter('RefreshToken').find(value)
      const grant = await given.adapter('Grant').find(grantId)
      expect(grant).toMatchObject({ accountId })
      Object.assign(grant ?? {}, { changed: true })
      expect(await given.adapter('Grant').find(grantId)).not.toHaveProperty('changed')
      expect(currentUnit()?.reader.person?.(accountId)).toMatchObject({ accountId, disabled: true })
      expect(currentUnit()?.reader.person?.('someone else')).toBeUndefined()
    })
    expect(currentUnit()).toBeUndefined()
  })

  it('does not mix up requests that run at the same time', async () => {
    const credentials = await Promise.all(Array.from({ length: 10 }, () => issue('RefreshToken')))
    const all = await Promise.all(credentials.map((credential) => redeem('RefreshToken', credential)))
    expect(all.map(({ outcome }) => outcome?.kind)).toEqual(credentials.map(() => 'committed'))
    for (const [index, { refreshToken }] of all.entries()) {
      expect(await given.adapter('RefreshToken').find(refreshToken)).toMatchObject({
        grantId: credentials[index]?.grantId,
      })
    }
  })
})
