import { describe, expect, it } from '@jest/globals'
import {
  dueSteps,
  type KeyStep,
  keyPolicy,
  orderCookieKeys,
  type SigningKeyStatus,
  type StoredKey,
} from '../../../src/storage/keys/key-lifecycle.js'

const day = 86_400
const now = new Date('2027-03-01T12:00:00Z')
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000)

const policy = keyPolicy({ rotationDays: 90, leadSeconds: day, sessionTtlSeconds: 14 * day })
const byHand = { ...policy, rotationSeconds: 0 }

function signing(id: string, status: SigningKeyStatus, times: Partial<StoredKey> = {}): StoredKey {
  const rest = { createdAt: ago(200 * day), activatesAt: null, publishedUntil: null }
  return { kind: 'signing', id, algorithm: 'ES256', status, ...rest, ...times }
}

function cookie(id: string, activatesAt: Date | null, createdAt = ago(200 * day)): StoredKey {
  return { kind: 'cookie', id, algorithm: null, status: null, createdAt, activatesAt, publishedUntil: null }
}

describe('What is due', () => {
  it.each<[string, readonly StoredKey[], readonly KeyStep[], typeof policy?]>([
    ['nothing for a young key', [signing('a', 'current', { activatesAt: ago(88 * day) })], []],
    [
      'a successor, a lead before its time is over',
      [signing('a', 'current', { activatesAt: ago(89 * day) })],
      [{ do: 'publish', algorithm: 'ES256' }],
    ],
    [
      'a successor of a key from before there were times',
      [signing('a', 'current')],
      [{ do: 'publish', algorithm: 'ES256' }],
    ],
    ['nothing when rotation is off', [signing('a', 'current')], [], byHand],
    [
      'nothing while the successor is only published',
      [signing('a', 'current'), signing('b', 'next', { activatesAt: ago(-1) })],
      [],
    ],
    [
      'the successor signs when its lead is over, also one that was asked for by hand',
      [signing('a', 'current'), signing('b', 'next', { activatesAt: ago(0) })],
      [{ do: 'activate', algorithm: 'ES256', id: 'b' }],
      byHand,
    ],
    [
      'an old key goes when nothing that it signed is of use, and not before',
      [
        signing('a', 'previous', { publishedUntil: ago(0) }),
        signing('b', 'previous', { publishedUntil: ago(-1) }),
        signing('c', 'current', { activatesAt: ago(day) }),
      ],
      [{ do: 'remove', kind: 'signing', id: 'a' }],
    ],
    ['nothing for a young cookie key', [cookie('a', null, ago(88 * day))], []],
    ['a second cookie key', [cookie('a', null)], [{ do: 'publish cookie key' }]],
    ['no third one', [cookie('a', null), cookie('b', ago(-60))], []],
    [
      'a cookie key goes when the longest cookie that it signed has gone',
      [cookie('a', ago(600 * day)), cookie('b', ago(401 * day)), cookie('c', ago(399 * day)), cookie('d', ago(day))],
      [{ do: 'remove', kind: 'cookie', id: 'a' }],
    ],
  ])('%s', (_name, keys, steps, given = policy) => {
    expect(dueSteps(keys, given, now)).toEqual(steps)
  })

  it('lets an ID token name who signs out as long as the session lives', () => {
    expect(policy.signingKeptSeconds).toBeGreaterThan(14 * day)
    expect(keyPolicy({ rotationDays: 1, leadSeconds: 1_200, sessionTtlSeconds: 300 })).toMatchObject({
      signingKeptSeconds: 4_200,
    })
  })
})

describe('Cookie keys', () => {
  it.each<[string, readonly StoredKey[], string]>([
    [
      'sign when they are active, the newest first',
      [cookie('a', null), cookie('b', ago(day)), cookie('c', ago(2 * day))],
      'bca',
    ],
    ['verify before they sign', [cookie('a', null), cookie('b', ago(-60)), cookie('c', ago(-30))], 'acb'],
    ['sign when there is no other, though a clock says that it is too early', [cookie('a', ago(-1))], 'a'],
  ])('%s', (_name, keys, order) => {
    expect(orderCookieKeys(keys, now).map(({ id }) => id)).toEqual([...order])
  })
})
