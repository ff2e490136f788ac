/**
 * Limits how often passwords can be tried (NIST SP 800-63B-4 §3.2.2). Three counters per window: the account from one address, the
 * account from anywhere, the address for any account. A try counts before the password is looked at, so parallel tries cannot slip
 * through; one that a narrower counter refuses does not count in the wider ones, so one address alone cannot lock somebody out.
 */
import { clientNetwork } from '../../platform/client-network.js'
import type { Clock } from '../../platform/clock.js'
import type { Sql, Statement } from '../../platform/database.js'
import { hashSecret } from '../../platform/secrets.js'
import { normalizeEmail } from '../../storage/accounts.js'

export interface SignInAttempt {
  /** As typed. */
  readonly email: string
  /** `ctx.state.clientAddress`: the address behind trusted proxies. */
  readonly address: string
}

export interface SignInThrottle {
  /** Counts a try. Answers the seconds to wait when there were too many; then the password must not be checked. */
  begin(attempt: SignInAttempt): Promise<{ readonly retryAfterSeconds: number } | undefined>
  /** The person signed in: forgets this address's tries for the account, and takes this try back elsewhere. */
  succeed(attempt: SignInAttempt): Promise<void>
  /** No password was checked after all (the server was busy): takes the try back. */
  cancel(attempt: SignInAttempt): Promise<void>
}

/** Tries allowed per window. */
export const signInLimits = { windowSeconds: 15 * 60, accountAndAddress: 10, address: 100, account: 50 } as const

/** Adds one to a counter, or starts it anew when its window is over. `$4` is now, `$5` the end of a window that starts now. */
const addOne = `ON CONFLICT (key) DO UPDATE SET
  failures = CASE WHEN t.resets_at <= $4::timestamptz THEN 1 ELSE t.failures + 1 END,
  resets_at = CASE WHEN t.resets_at <= $4::timestamptz THEN $5::timestamptz ELSE t.resets_at END
  RETURNING t.failures, t.resets_at`

// The chain is the order of locks too: pair, address, account. All tries take it, so none waits for another in a circle.
const countAttempt: Statement = {
  name: 'sign_in_throttle_begin',
  text: `WITH pair AS (INSERT INTO sign_in_throttles AS t (key, failures, resets_at)
    VALUES ($1::text, 1, $5::timestamptz) ${addOne}),
  address AS (INSERT INTO sign_in_throttles AS t (key, failures, resets_at)
    SELECT $2::text, 1, $5::timestamptz FROM pair WHERE pair.failures <= $6::int ${addOne}),
  account AS (INSERT INTO sign_in_throttles AS t (key, failures, resets_at)
    SELECT $3::text, 1, $5::timestamptz FROM address WHERE address.failures <= $7::int ${addOne})
  SELECT resets_at AS "resetsAt" FROM (
    SELECT failures, resets_at, $6::int AS allowed FROM pair
    UNION ALL SELECT failures, resets_at, $7::int FROM address
    UNION ALL SELECT failures, resets_at, $8::int FROM account
  ) AS counters WHERE failures > allowed`,
}

const forgetPair: Statement = {
  name: 'sign_in_throttle_succeed',
  text: `WITH pair AS (DELETE FROM sign_in_throttles WHERE key = $1 RETURNING failures),
  locked AS (SELECT key FROM sign_in_throttles WHERE key IN ($2, $3) ORDER BY key <> $2 FOR UPDATE)
  UPDATE sign_in_throttles AS t
  SET failures = GREATEST(0, t.failures - CASE WHEN t.key = $3 THEN COALESCE((SELECT failures FROM pair), 1) ELSE 1 END)
  FROM locked WHERE t.key = locked.key`,
}

const takeBack: Statement = {
  name: 'sign_in_throttle_cancel',
  text: `WITH locked AS (SELECT key FROM sign_in_throttles WHERE key IN ($1, $2, $3)
    ORDER BY CASE key WHEN $1 THEN 0 WHEN $2 THEN 1 ELSE 2 END FOR UPDATE)
  UPDATE sign_in_throttles AS t SET failures = GREATEST(0, t.failures - 1) FROM locked WHERE t.key = locked.key`,
}

function keys(attempt: SignInAttempt): [pair: string, address: string, account: string] {
  const account = normalizeEmail(attempt.email) ?? attempt.email
  const address = clientNetwork(attempt.address)
  return [
    hashSecret(`pair\n${account}\n${address}`),
    hashSecret(`address\n${address}`),
    hashSecret(`account\n${account}`),
  ]
}

/** Counters in the authorization server's database, shared by all its processes. Rows past `resets_at` may be swept. */
export function createSignInThrottle(sql: Sql, clock: Clock): SignInThrottle {
  const { windowSeconds, accountAndAddress, address, account } = signInLimits
  return {
    async begin(attempt) {
      const now = clock.now()
      const resetsAt = new Date(now.getTime() + windowSeconds * 1000)
      const values = [...keys(attempt), now, resetsAt, accountAndAddress, address, account]
      const { rows } = await sql.query<{ resetsAt: Date }>(countAttempt, values)
      const waits = rows.map((row) => Math.ceil((row.resetsAt.getTime() - now.getTime()) / 1000))
      return waits.length === 0 ? undefined : { retryAfterSeconds: Math.max(1, ...waits) }
    },
    async succeed(attempt) {
      await sql.query(forgetPair, keys(attempt))
    },
    async cancel(attempt) {
      await sql.query(takeBack, keys(attempt))
    },
  }
}
