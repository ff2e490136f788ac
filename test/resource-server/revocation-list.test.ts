import { describe, expect, it } from '@jest/globals'
import { hashSecret } from '../../src/base/secrets.js'
import type { AccessToken } from '../../src/resource-server/index.js'
import { createRevocationList, type RevocationFact } from '../../src/resource-server/revocation-list.js'

const start = 1_800_000_000

function tokenWith(claims: Record<string, unknown> = {}): AccessToken {
  const all = { iat: start, gid: 'a-grant', ...claims }
  return {
    subject: 'ada',
    clientId: 'a client',
    tokenId: 'a-token',
    keyId: 'a-key',
    scopes: [],
    expiresAt: start + 600,
    audience: [],
    issuer: 'https://issuer.test',
    claims: all,
  }
}

function fact(kind: RevocationFact['kind'], id: string, at = start + 10): RevocationFact {
  return { kind, id, at, expiresAt: at + 4_200 }
}

function listAt(maxEntries?: number) {
  let now = start + 20
  const clock = { now: () => new Date(now * 1000) }
  const list = createRevocationList({ clock, ...(maxEntries !== undefined && { maxEntries }) })
  return {
    list,
    advance: (seconds: number) => {
      now += seconds
    },
  }
}

describe('what a resource server knows of revocations', () => {
  it.each<[string, RevocationFact, Record<string, unknown>, boolean]>([
    ['its grant', fact('grant', 'a-grant'), {}, true],
    ['its grant, though it was issued after', fact('grant', 'a-grant'), { iat: start + 100 }, true],
    ['another grant', fact('grant', 'b-grant'), {}, false],
    ['a grant, of which it says nothing', fact('grant', 'undefined'), { gid: undefined }, false],
    ['a grant, of which it says nonsense', fact('grant', '[object Object]'), { gid: {} }, false],
    ['itself', fact('token', hashSecret('a-token')), {}, true],
    ['another token', fact('token', hashSecret('b-token')), {}, false],
    ['its client', fact('client', hashSecret('a client')), {}, true],
    [
      'its client, which came back before it was issued',
      fact('client', hashSecret('a client')),
      { iat: start + 12 },
      false,
    ],
    [
      'its client, when it does not say when it was issued',
      fact('client', hashSecret('a client')),
      { iat: undefined },
      true,
    ],
    ['its client, a second before it was issued', fact('client', hashSecret('a client')), { iat: start + 11 }, true],
    ['its account', fact('account', hashSecret('ada')), {}, true],
    ['its account, enabled again before it was issued', fact('account', hashSecret('ada')), { iat: start + 12 }, false],
    ['its key, whatever it says of when it was issued', fact('key', hashSecret('a-key')), { iat: start + 100 }, true],
    ['another key', fact('key', hashSecret('b-key')), {}, false],
    ['a client of the name of its account', fact('client', hashSecret('ada')), {}, false],
    ['a token of the name of its grant', fact('token', 'a-grant'), {}, false],
  ])('revokes a token by %s: %j %j → %s', (_what, revoked, claims, expected) => {
    const { list } = listAt()
    const accessToken = tokenWith(claims)
    expect(list.revokes(accessToken)).toBe(false)
    list.add([revoked, revoked])
    expect([list.revokes(accessToken), list.revokes(accessToken), list.size]).toEqual([expected, expected, 1])
  })

  it('that has no place for all refuses tokens up to the latest revocation that it dropped', () => {
    const { list } = listAt(1)
    for (const at of [start + 20, start + 5, start + 6]) list.add([fact('grant', `of ${at}`, at)])
    expect(list.revokes(tokenWith({ iat: start + 15 }))).toBe(true)
    expect(list.revokes(tokenWith({ iat: start + 22 }))).toBe(false)
  })

  it('forgets what no living token can be meant by', () => {
    const { list, advance } = listAt()
    list.add([fact('grant', 'a-grant')])
    advance(4_300)
    list.add([fact('grant', 'b-grant', start + 4_300)])
    expect(list.size).toBe(1)
  })

  it('never lets a revoked token pass for want of room: what is older than what it had to forget is refused', () => {
    const { list } = listAt(100)
    const revoked = Array.from({ length: 300 }, (_, index) => fact('grant', `grant-${index}`, start + index))
    list.add(revoked)
    expect(list.size).toBe(100)
    for (const { id, at } of revoked) expect(list.revokes(tokenWith({ gid: id, iat: at - 1 }))).toBe(true)
    expect(list.revokes(tokenWith({ gid: 'innocent', iat: start }))).toBe(true)
    expect(list.revokes(tokenWith({ gid: 'innocent', iat: undefined }))).toBe(true)
    // A client that got a new token meanwhile goes on.
    expect(list.revokes(tokenWith({ gid: 'innocent', iat: start + 300 }))).toBe(false)
  })
})
