/**
 * Limits how often passwords can be tried (NIST SP 800-63B-4 §3.2.2). Four counters: the account from one address, the address for
 * any account, the account from anywhere, and the same in a day, which the next sign-in sets back. A try counts before the password
 * is looked at, so parallel tries cannot slip through; one that a narrower counter refuses does not count in the wider ones, so one
 * address alone cannot lock somebody out. Many addresses can: a browser that signed in to the account before (known-browsers.ts) has
 * one counter of its own in place of all four, so nobody can lock its owner out.
 */
import { clientNetwork } from '../../platform/client-network.js'
import type { Clock } from '../../platform/clock.js'
import type { Sql, Statement } from '../../platform/database.js'
import type { Write, WriteText } from '../../platform/joined-writes.js'
import { hashSecret } from '../../platform/secrets.js'
import { normalizeEmail } from '../../storage/accounts.js'

export interface SignInAttempt {
  /** As typed. */
  readonly email: string
  /** `ctx.state.clientAddress`: the address behind trusted proxies. */
  readonly address: string
  /** What `KnownBrowsers` knows the browser by, when it signed in to this account before. */
  readonly knownBrowser?: string | undefined
}

export interface SignInThrottle {
  /** Counts a try. Answers the seconds to wait when there were too many; then the password must not be checked. */
  begin(attempt: SignInAttempt): Promise<{ readonly retryAfterSeconds: number } | undefined>
  /** What to write when the person signed in: forgets this address's tries for the account, and takes this try back elsewhere. */
  success(attempt: SignInAttempt): Write
  /** No password was checked after all (the server was busy): takes the try back. */
  cancel(attempt: SignInAttempt): Promise<void>
  /** Forgets the tries for an account from anywhere: the operator lets its owner in again. */
  unlock(email: string): Promise<void>
}

/** Tries allowed per window; of the account also in a day without any sign-in. */
export const signInLimits = {
  windowSeconds: 15 * 60,
  knownBrowser: 10,
  accountAndAddress: 10,
  address: 100,
  account: 50,
  accountDay: 100,
} as const

const daySeconds = 86_400

/** Adds one to a counter, or starts it anew when its window is over. `$1` is now; `end` is when a window ends that starts now. */
function addOne(end: string): string {
  return `ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN t.resets_at <= $1::timestamptz THEN 1 ELSE t.failures + 1 END,
  resets_at = CASE WHEN t.resets_at <= $1::timestamptz THEN ${end}::timestamptz ELSE t.resets_at END
  RETURNING t.failures, t.resets_at`
}

const insert = 'INSERT INTO sign_in_throttles AS t (key, failures, resets_at)'

// The chain is the order of locks too: pair, address, account, day. All tries take it, so none waits for another in a circle.
// An address that is used up leaves no further row behind, whatever accounts it names.
const countAttempt: Statement = {
  name: 'sign_in_throttle_begin',
  lane: 'security',
  text: `WITH spent AS (SELECT failures + 1 AS failures, resets_at FROM sign_in_throttles
    WHERE key = $5 AND failures >= $8::int AND resets_at > $1::timestamptz),
  pair AS (${insert}
    SELECT $4::text, 1, $2::timestamptz WHERE NOT EXISTS (SELECT 1 FROM spent) ${addOne('$2')}),
  address AS (${insert}
    SELECT $5::text, 1, $2::timestamptz FROM pair WHERE pair.failures <= $7::int ${addOne('$2')}),
  account AS (${insert}
    SELECT $6::text, 1, $2::timestamptz FROM address WHERE address.failures <= $8::int ${addOne('$2')}),
  day AS (${insert}
    SELECT $10::text, 1, $3::timestamptz FROM account WHERE account.failures <= $9::int ${addOne('$3')})
  SELECT resets_at AS "resetsAt" FROM (
    SELECT failures, resets_at, $7::int AS allowed FROM pair
    UNION ALL SELECT failures, resets_at, $8::int FROM spent
    UNION ALL SELECT failures, resets_at, $8::int FROM address
    UNION ALL SELECT failures, resets_at, $9::int FROM account
    UNION ALL SELECT failures, resets_at, $11::int FROM day
  ) AS counters WHERE failures > allowed`,
}

const countKnown: Statement = {
  name: 'sign_in_throttle_begin_known',
  lane: 'security',
  text: `WITH browser AS (${insert} VALUES ($3::text, 1, $2::timestamptz) ${addOne('$2')})
    SELECT resets_at AS "resetsAt" FROM browser WHERE failures > $4::int`,
}

/** In the order of locks. */
const order = 'ORDER BY CASE key WHEN $1 THEN 0 WHEN $2 THEN 1 WHEN $3 THEN 2 ELSE 3 END FOR UPDATE'

const forgetPair: WriteText = {
  name: 'tries',
  steps: {
    pair: 'DELETE FROM sign_in_throttles WHERE key = $1 RETURNING failures',
    locked: `SELECT key FROM sign_in_throttles WHERE key IN ($2, $3, $4) ${order}`,
    counters: `UPDATE sign_in_throttles AS t SET failures = GREATEST(0, t.failures - CASE t.key
      WHEN $2 THEN 1 WHEN $3 THEN COALESCE((SELECT failures FROM pair), 1) ELSE t.failures END)
      FROM locked WHERE t.key = locked.key`,
  },
}

// Only a sign-in from elsewhere tells something about the tries from elsewhere, except that they have not succeeded in a row.
const forgetBrowser: WriteText = {
  name: 'known_tries',
  steps: { counters: 'DELETE FROM sign_in_throttles WHERE key IN ($1, $2)' },
}

const takeBack: Statement = {
  name: 'sign_in_throttle_cancel',
  lane: 'security',
  text: `WITH locked AS (SELECT key FROM sign_in_throttles WHERE key IN ($1, $2, $3, $4) ${order})
  UPDATE sign_in_throttles AS t SET failures = GREATEST(0, t.failures - 1) FROM locked WHERE t.key = locked.key`,
}

const forget: Statement = {
  name: 'sign_in_throttle_forget',
  lane: 'security',
  text: 'DELETE FROM sign_in_throttles WHERE key IN ($1, $2)',
}

function keysOf({ email, address, knownBrowser }: SignInAttempt) {
  const account = normalizeEmail(email) ?? email
  const network = clientNetwork(address)
  return {
    pair: hashSecret(`pair\n${account}\n${network}`),
    address: hashSecret(`address\n${network}`),
    account: hashSecret(`account\n${account}`),
    day: hashSecret(`day\n${account}`),
    browser: knownBrowser === undefined ? undefined : hashSecret(`browser\n${account}\n${knownBrowser}`),
  }
}

/** Counters in the authorization server's database, shared by all its processes. Rows past `resets_at` may be swept. */
export function createSignInThrottle(sql: Sql, clock: Clock): SignInThrottle {
  const limits = signInLimits
  return {
    async begin(attempt) {
      const now = clock.now()
      const { pair, address, account, day, browser } = keysOf(attempt)
      const [windowEnd, dayEnd] = [limits.windowSeconds, daySeconds].map(
        (after) => new Date(now.getTime() + after * 1000),
      )
      const counted =
        browser === undefined
          ? sql.query<{ resetsAt: Date }>(countAttempt, [
              ...[now, windowEnd, dayEnd, pair, address, account],
              ...[limits.accountAndAddress, limits.address, limits.account, day, limits.accountDay],
            ])
          : sql.query<{ resetsAt: Date }>(countKnown, [now, windowEnd, browser, limits.knownBrowser])
      const waits = (await counted).rows.map((row) => Math.ceil((row.resetsAt.getTime() - now.getTime()) / 1000))
      return waits.length === 0 ? undefined : { retryAfterSeconds: Math.max(1, ...waits) }
    },
    success(attempt) {
      const { pair, address, account, day, browser } = keysOf(attempt)
      return browser === undefined
        ? { text: forgetPair, values: [pair, address, account, day] }
        : { text: forgetBrowser, values: [browser, day] }
    },
    async cancel(attempt) {
      const { pair, address, account, day, browser } = keysOf(attempt)
      await sql.query(takeBack, browser === undefined ? [pair, address, account, day] : [browser, null, null, null])
    },
    async unlock(email) {
      const { account, day } = keysOf({ email, address: '' })
      await sql.query(forget, [account, day])
    },
  }
}
