/**
 * The one-time link that creates the first account. The operator reads it in the terminal at start. It works once, for an hour,
 * and only while there is no account. Does not own the page behind it.
 */

import { hashSecret, randomSecret } from '../../base/secrets.js'
import { type NewAccount, normalizeEmail } from '../../storage/accounts/accounts.js'
import type { Storage } from '../../storage/storage.js'
import { accounts, setupLinks } from '../../storage/tables.js'

export interface SetupLinks {
  /** A new token; every earlier one stops working. `undefined` when an account exists already. */
  issue(): Promise<string | undefined>
  /** True while there is no account. Asks the database no more once there was one. */
  isAccountMissing(): Promise<boolean>
  /** Whether the token would work now. Only for deciding what page to show: `redeem` decides again. */
  isUsable(token: string): Promise<boolean>
  /**
   * Spends the token and creates the account in one statement. Answers the account's id, or `undefined` when the token is
   * wrong, spent or expired, or an account exists. Does not judge the password. Throws RangeError for a bad email.
   */
  redeem(token: string, account: NewAccount): Promise<string | undefined>
}

export const setupLinkTtlSeconds = 3600

// Not by Prisma: every start without an account asks, and an idle server need not load what Prisma's first query loads.
const insertToken = setupLinks.writeReturning(
  'setup_link_issue',
  {},
  `WITH earlier AS (DELETE FROM setup_links WHERE token_hash <> $1)
  INSERT INTO setup_links (token_hash, expires_at)
  SELECT $1::text, $2::timestamptz WHERE NOT EXISTS (SELECT 1 FROM accounts) RETURNING 1`,
)

/** One step: strangers may send this as often as they like, and a transaction of several would hold a connection for each. */
const redeemToken = setupLinks.writeReturning(
  'setup_link_redeem',
  accounts.pick('id'),
  `WITH spent AS (UPDATE setup_links SET consumed_at = $2::timestamptz
    WHERE token_hash = $1 AND consumed_at IS NULL AND expires_at > $2::timestamptz
      AND NOT EXISTS (SELECT 1 FROM accounts) RETURNING 1)
  INSERT INTO accounts (id, email, name, password_hash, created_at, updated_at)
  SELECT $3::text, $4::text, $5::text, $6::text, $2::timestamptz, $2::timestamptz FROM spent RETURNING id`,
  { also: [accounts] },
)

const anyAccount = { select: { id: true } } as const

/** The address to print: the token is in the query, which is never logged. */
export function setupLinkUrl(issuer: string, token: string): string {
  return `${issuer}/setup?token=${token}`
}

/** Set-up links in the authorization server's database; only the token's SHA-256 is stored. */
export function createSetupLinks({
  prisma,
  database: { sql },
  clock,
}: Pick<Storage, 'prisma' | 'database' | 'clock'>): SetupLinks {
  let isSetUp = false
  return {
    async isAccountMissing() {
      isSetUp ||= (await prisma.account.findFirst(anyAccount)) !== null
      return !isSetUp
    },
    async issue() {
      const token = randomSecret()
      const expiresAt = new Date(clock.now().getTime() + setupLinkTtlSeconds * 1000)
      const { rows } = await sql.query(insertToken, [hashSecret(token), expiresAt])
      return rows.length === 1 ? token : undefined
    },
    async isUsable(token) {
      const link = await prisma.setupLink.findFirst({
        where: { tokenHash: hashSecret(token), consumedAt: null, expiresAt: { gt: clock.now() } },
        select: { tokenHash: true },
      })
      return link !== null && (await prisma.account.findFirst(anyAccount)) === null
    },
    async redeem(token, account) {
      const email = normalizeEmail(account.email)
      if (email === undefined) throw new RangeError('that is not an email address')
      const values = [
        hashSecret(token),
        clock.now(),
        randomSecret(16),
        email,
        account.name ?? null,
        account.passwordHash ?? null,
      ]
      const { rows } = await sql.query(redeemToken, values)
      return rows[0]?.id
    },
  }
}
