/**
 * Who gets which account, in all cases: the address verified here or not, verified by the provider or not, a provider that the operator
 * declared authoritative or not, a person who is signed in and connects or not, and one account or two in play. With two, the identity
 * is linked to the first and the address is the second's; with one, nothing is linked.
 */
import { describe, expect, it } from '@jest/globals'
import { decideLinking, type LinkingOutcome } from '../../../src/authorization-server/identity-providers/linking.js'

const both = [true, false] as const
const rows = both.flatMap((local) =>
  both.flatMap((upstream) =>
    both.flatMap((authoritative) =>
      both.flatMap((signedIn) => both.map((two) => [local, upstream, authoritative, signedIn, two] as const)),
    ),
  ),
)

/** The account with the address. The person who is signed in is its owner. */
const addressed = 'the account with the address'
const first = 'the linked account'

function expected([local, upstream, authoritative, signedIn, two]: (typeof rows)[number]): LinkingOutcome {
  if (signedIn && two) return { kind: 'linked-elsewhere' }
  if (signedIn) return { kind: 'connected', accountId: addressed, links: true }
  if (two) return { kind: 'sign-in', accountId: first, links: false }
  if (local && upstream && authoritative) return { kind: 'sign-in', accountId: addressed, links: true }
  return { kind: 'connect-first' }
}

const outcomeOf = ([local, upstream, authoritative, signedIn, two]: (typeof rows)[number], isDisabled = false) =>
  decideLinking({
    linked: two ? { id: first, isDisabled } : undefined,
    addressed: { id: addressed, isDisabled, isVerified: local },
    isEmailVerified: upstream,
    isAuthoritative: authoritative,
    createsAccounts: true,
    connects: signedIn ? addressed : undefined,
  })

describe('The linking table', () => {
  it('has 32 rows', () => {
    expect(new Set(rows.map(String)).size).toBe(32)
  })

  it.each(rows)('verified here %s, there %s, authoritative %s, signed in %s, two accounts %s', (...row) => {
    expect(outcomeOf(row)).toEqual(expected(row))
  })

  it('joins by address in one row alone of those where nobody is signed in', () => {
    const joined = rows
      .filter((row) => !row[3])
      .map((row) => outcomeOf(row))
      .filter((outcome) => 'links' in outcome && outcome.links)
    expect(joined).toHaveLength(1)
  })

  it.each(rows.filter((row) => !row[3]))('signs nobody in to a disabled account: %s %s %s %s %s', (...row) => {
    expect(['no-account', 'connect-first']).toContain(outcomeOf(row, true).kind)
  })

  it.each([
    [true, true, 'create'],
    [true, false, 'no-account'],
    [false, true, 'no-account'],
    [false, false, 'no-account'],
  ])(
    'without any account: makes one if it may (%s) and the address is verified (%s): %s',
    (creates, verified, kind) => {
      const facts = { isEmailVerified: verified, isAuthoritative: false, createsAccounts: creates }
      expect(decideLinking(facts).kind).toBe(kind)
    },
  )
})
