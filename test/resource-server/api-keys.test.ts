import { describe, expect, it } from '@jest/globals'
import {
  type ApiKeyRecord,
  formatApiKey,
  hashApiKey,
  invalidToken,
  takeApiKeys,
  userOf,
} from '../../src/resource-server/index.js'

const resource = 'https://mcp.example/mcp'
const clock = { now: () => new Date('2026-11-21T12:00:00Z') }
const key = formatApiKey('abcdef012345', 's'.repeat(43))
const record: ApiKeyRecord = {
  id: 'abcdef012345',
  keyHash: hashApiKey(key),
  subject: 'user-1',
  scopes: ['notes:read'],
  expiresAt: new Date('2026-12-01T00:00:00Z'),
}

/** What is answered for a token, with these records in the store; 'passed on' when the other verifier got it. */
async function present(token: string, records: readonly ApiKeyRecord[] | 'broken' = [record]): Promise<unknown> {
  const store = {
    find: async (id: string) => {
      if (records === 'broken') throw new Error('the database is down')
      return records.find((one) => one.id === id)
    },
  }
  const verify = takeApiKeys(
    async () => {
      throw invalidToken('passed on')
    },
    { store, clock, resource, aliases: ['https://old.example/mcp'] },
  )
  try {
    return await verify(token)
  } catch (error) {
    return error instanceof Error && 'detail' in error ? error.detail : error
  }
}

describe('API keys at the door of access tokens', () => {
  it('are tokens of this resource for whom they were made', async () => {
    expect(await present(key)).toEqual({
      clientId: 'api-key:abcdef012345',
      subject: 'user-1',
      scopes: ['notes:read'],
      expiresAt: record.expiresAt.getTime() / 1000,
      audience: [resource],
      issuer: resource,
      claims: {},
    })
  })

  it('may be for one resource, by any of its names', async () => {
    const alias = 'https://old.example/mcp'
    for (const each of [resource, alias])
      expect(await present(key, [{ ...record, resource: each }])).toMatchObject({ audience: [resource] })
  })

  it('act for nobody when they were made for nobody', async () => {
    const { subject: _, ...nobodys } = record
    expect(userOf((await present(key, [nobodys])) as Parameters<typeof userOf>[0])).toBeUndefined()
  })

  it.each<[string, string, readonly ApiKeyRecord[] | 'broken', string]>([
    ['an access token', 'eyJhbGciOi.J9.x', [record], 'passed on'],
    ['an access token when the store is broken', 'eyJhbGciOi.J9.x', 'broken', 'passed on'],
    ['another secret', `${key.slice(0, -1)}t`, [record], 'no such API key'],
    ['an id that is not there', key, [], 'no such API key'],
    ['a hash in place of the key', `ghk_abcdef012345_${record.keyHash}`, [record], 'no such API key'],
    ['a stored value of another length', key, [{ ...record, keyHash: '' }], 'no such API key'],
    ['a shorter secret', 'ghk_abcdef012345_s', [record], 'not the form of an API key'],
    ['an id alone', 'ghk_abcdef012345', [record], 'not the form of an API key'],
    ['an id in capitals', key.toUpperCase().replace('GHK', 'ghk'), [record], 'not the form of an API key'],
    ['something after the key', `${key}x`, [record], 'not the form of an API key'],
    [
      'a key for another resource',
      key,
      [{ ...record, resource: 'https://mcp.example/other' }],
      'an API key for another resource',
    ],
    ['a key at its end', key, [{ ...record, expiresAt: clock.now() }], 'the API key has expired'],
    ['a key that cannot be looked up', key, 'broken', 'API keys cannot be looked up'],
  ])('%s: %j', async (_case, token, records, detail) => expect(await present(token, records)).toBe(detail))

  it('have one form', () => {
    expect(key).toMatch(/^ghk_[0-9a-z]{12}_[\w-]{43}$/)
    expect(() => formatApiKey('UPPER', 'x')).toThrow(RangeError)
  })
})
