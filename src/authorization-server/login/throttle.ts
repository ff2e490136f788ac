/**
 * Limits how often passwords can be tried (NIST SP 800-63B-4 §3.2.2). Four counters: the account from one address, the address for
 * any account, the account from anywhere, and the same in a day, which the next sign-in sets back. The first two count an IPv6 address
 * in its /64, /56 and /48. A try counts before the password is checked, so parallel tries cannot slip through; one that a narrower
 * counter refuses does not count in the wider ones, so one network alone cannot lock an account. Many networks together can: a browser
 * that signed in to the account before (known-browsers.ts) has one counter of its own in place of all four, so nobody can lock its owner out.
 *
 * All known browsers of an account have a total; once it is used up, each has a few tries left. It need not refuse anybody: a proof ends with
 * the password, so its holder has typed the password that is guessed at. If the total refused, a former holder of proofs, or a thief of
 * cookies, could lock the owner out. Each password has a total of its own, so that nothing of it outlives the proofs.
 */

import type { Clock } from '../../base/clock.js'
import { hashSecret } from '../../base/secrets.js'
import type { Sql } from '../../database/sql.js'
import type { Write } from '../../database/writes.js'
import { clientNetworks } from '../../http/client-network.js'
import type { Excess } from '../../http/window-counters.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'
import {
  type CommonCounter,
  type Counter,
  type CounterTable,
  takeFromAll,
} from '../../storage/counters/counter-chain.js'
import type { Storage } from '../../storage/storage.js'
import { signInThrottles } from '../../storage/tables.js'
import type { KnownBrowser } from './known-browsers.js'

export interface SignInAttempt {
  /** As typed. */
  readonly email: string
  /** The account whose second factor is tried. It has counters of its own: with the password, nobody can set them back. */
  readonly secondFactorOf?: string | undefined
  /** `ctx.state.clientAddress`: the address behind trusted proxies. `undefined` when addresses do not tell senders apart. */
  readonly address: string | undefined
  /** What `KnownBrowsers` knows the browser by, when it signed in to this account before. */
  readonly knownBrowser?: KnownBrowser | undefined
}

export interface SignInThrottle {
  /** Counts a try. Answers the seconds to wait when there were too many; then the password must not be checked. */
  begin(attempt: SignInAttempt): Promise<Excess | undefined>
  /** What to write when the person signed in: forgets this address's tries for the account, and takes this try back elsewhere. */
  success(attempt: SignInAttempt): Write
  /** No password was checked after all (the server was busy): takes the try back. */
  cancel(attempt: SignInAttempt): Promise<void>
}

/** Tries allowed per window; of the account also in a day without any sign-in. */
export const signInLimits = {
  windowSeconds: 15 * 60,
  knownBrowser: 10,
  /** Of one account together. */
  knownBrowsers: 50,
  knownBrowserBeyond: 2,
  accountAndAddress: 10,
  address: 100,
  account: 50,
  accountDay: 100,
} as const

const daySeconds = 86_400

const table: CounterTable = { table: signInThrottles, column: 'failures' }

/**
 * `$1` is the pair of account and narrowest network, or of account and known browser. `$2` are the other counters in the order of locks, and what becomes of them: `one` try
 * is taken back, those of the `pair`, or `all`.
 */
const forgetPair = signInThrottles.part('tries', {
  pair: 'DELETE FROM sign_in_throttles WHERE key = $1 RETURNING failures',
  tried: 'SELECT * FROM jsonb_to_recordset($2::jsonb) AS tried(place int, key text, back text)',
  locked:
    'SELECT t.key, tried.back FROM sign_in_throttles AS t JOIN {tried} AS tried ON t.key = tried.key ORDER BY tried.place FOR UPDATE OF t',
  counters: `UPDATE sign_in_throttles AS t SET failures = GREATEST(0, t.failures - CASE locked.back
    WHEN 'one' THEN 1 WHEN 'pair' THEN COALESCE((SELECT failures FROM {pair}), 1) ELSE t.failures END)
    FROM {locked} AS locked WHERE t.key = locked.key`,
})

const takeBack = signInThrottles.write(
  'sign_in_throttle_cancel',
  `WITH tried AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS tried(place int, key text)),
  locked AS (SELECT t.key FROM sign_in_throttles AS t JOIN tried ON t.key = tried.key ORDER BY tried.place FOR UPDATE OF t)
  UPDATE sign_in_throttles AS t SET failures = GREATEST(0, t.failures - 1) FROM locked WHERE t.key = locked.key`,
  { lane: 'security' },
)

interface TriedCounter extends Counter {
  /** What a sign-in takes back of it. */
  readonly back: 'one' | 'pair' | 'all'
}

function accountCounters(account: string): readonly [TriedCounter, TriedCounter] {
  const { windowSeconds, account: limit, accountDay } = signInLimits
  return [
    // Only a sign-in from elsewhere tells something about the tries from elsewhere, except that they have not succeeded in a row.
    { key: hashSecret(`account\n${account}`), limit, windowSeconds, back: 'pair' },
    { key: hashSecret(`day\n${account}`), limit: accountDay, windowSeconds: daySeconds, back: 'all' },
  ]
}

/** No normalized address has a space, so that nobody can type the name of a second factor's counters. */
function nameOf({ email, secondFactorOf }: Pick<SignInAttempt, 'email' | 'secondFactorOf'>): string {
  if (secondFactorOf !== undefined) return `second factor of ${secondFactorOf}`
  return normalizeEmail(email) ?? `text ${email}`
}

/** What a try counts in, the narrow ones first. That is also the order of locks: no try waits for another in a circle. */
function countersOf(attempt: SignInAttempt): readonly TriedCounter[] {
  const { address, knownBrowser } = attempt
  const account = nameOf(attempt)
  const { windowSeconds, accountAndAddress, address: ofAddress, knownBrowser: ofBrowser } = signInLimits
  if (knownBrowser !== undefined) {
    return [
      { key: hashSecret(`browser\n${account}\n${knownBrowser.id}`), limit: ofBrowser, windowSeconds, back: 'pair' },
    ]
  }
  const networks = address === undefined ? [] : clientNetworks(address)
  return [
    ...networks.map(({ network }, width) => ({
      key: hashSecret(`pair\n${account}\n${network}`),
      // Twice as many for each wider network: fewer than all for the account, so no single network can use those up.
      limit: accountAndAddress * 2 ** width,
      windowSeconds,
      back: 'pair' as const,
    })),
    ...networks.map(({ network, times }) => ({
      key: hashSecret(`address\n${network}`),
      limit: ofAddress * times,
      windowSeconds,
      back: 'one' as const,
    })),
    ...accountCounters(account),
  ]
}

/** The total of all browsers that the account knows. */
function commonCounterOf(attempt: SignInAttempt): (TriedCounter & CommonCounter) | undefined {
  const { knownBrowser } = attempt
  if (knownBrowser === undefined) return undefined
  const { windowSeconds, knownBrowsers: limit, knownBrowserBeyond } = signInLimits
  const key = hashSecret(`browsers\n${nameOf(attempt)}\n${knownBrowser.generation}`)
  return { key, limit, windowSeconds, back: 'pair', limitsBeyond: [knownBrowserBeyond] }
}

/** All that a try counts in, in the order of locks. */
function allCountersOf(attempt: SignInAttempt): readonly TriedCounter[] {
  const common = commonCounterOf(attempt)
  return [...countersOf(attempt), ...(common === undefined ? [] : [common])]
}

function inOrder(counters: readonly TriedCounter[]): string {
  return JSON.stringify(counters.map(({ key, back }, place) => ({ place, key, back })))
}

/** Counters in the authorization server's database, shared by all its processes. Rows past `resets_at` may be swept. */
export function createSignInThrottle(sql: Sql, clock: Clock): SignInThrottle {
  return {
    begin: (attempt) => takeFromAll(sql, clock, table, countersOf(attempt), commonCounterOf(attempt)),
    success(attempt) {
      const counters = allCountersOf(attempt)
      const [, day] = accountCounters(nameOf(attempt))
      const [first = day, ...others] = counters
      if (attempt.knownBrowser !== undefined)
        return { text: forgetPair, values: [first.key, inOrder([...others, day])] }
      const isPair = attempt.address !== undefined
      return { text: forgetPair, values: [isPair ? first.key : '', inOrder(isPair ? others : counters)] }
    },
    async cancel(attempt) {
      await sql.query(takeBack, [inOrder(allCountersOf(attempt))])
    },
  }
}

/**
 * Forgets the tries for an account from anywhere, so that its owner can sign in again. Those of its second factor only if `secondFactorToo`,
 * for the operator: a thief of the mailbox can set a new password as often as mails are sent.
 */
export async function unlockAccount(
  { prisma }: Pick<Storage, 'prisma'>,
  email: string,
  { secondFactorToo = false }: { readonly secondFactorToo?: boolean } = {},
): Promise<void> {
  const names = [nameOf({ email })]
  if (secondFactorToo) {
    const owner = await prisma.account.findUnique({
      where: { email: normalizeEmail(email) ?? email },
      select: { id: true },
    })
    if (owner !== null) names.push(nameOf({ email, secondFactorOf: owner.id }))
  }
  const keys = names.flatMap((name) => accountCounters(name).map(({ key }) => key))
  await prisma.signInThrottle.deleteMany({ where: { key: { in: keys } } })
}
