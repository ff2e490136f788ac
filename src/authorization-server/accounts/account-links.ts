/**
 * Links that let a person act for an account: a new password. Following one signs nobody in. Only the SHA-256 of a link's token
 * is stored; it works once, decided by the statement that does what the link is for.
 */
import { hashSecret, randomSecret } from '../../base/secrets.js'
import { type Condition, type Write, writeTogether } from '../../database/writes.js'
import type { Storage } from '../../storage/storage.js'
import { accountLinks, accounts, sessions } from '../../storage/tables.js'

export const resetLinkSeconds = 30 * 60

export type AccountLinkKind = 'reset'

export interface NewLink {
  /** Below the issuer's URL. The request log leaves the token out (http/request-log.ts). */
  readonly path: string
  readonly write: Write
}

export interface LinkedAccount {
  readonly accountId: string
  readonly email: string
  readonly language: string | undefined
}

export interface AccountLinks {
  /** A link for a new password, to be written with the mail or the event that tells of it. Earlier ones go on working. */
  newReset(accountId: string): NewLink
  /** Whose link it is, if it would work now. Only for deciding what page to show: `redeemReset` decides again. */
  findReset(token: string): Promise<LinkedAccount | undefined>
  /**
   * Uses the link up, sets the password and ends the account's sessions and its other links for passwords, in one statement with `also`.
   * False: nothing was written.
   */
  redeemReset(token: string, passwordHash: string, also: readonly Write[]): Promise<boolean>
}

const insertion = accountLinks.insertion('token_hash', 'kind', 'account_id', 'created_at', 'expires_at')
const insert = accountLinks.insertPart('account_link', insertion)

/** `$1` is the token's hash, `$2` now, `$3` the new hash. */
const resetPassword = accountLinks.condition(
  'account_link_reset',
  {
    condition: `UPDATE account_links AS l SET consumed_at = $2::timestamptz FROM accounts AS a
      WHERE l.token_hash = $1 AND l.kind = 'reset' AND l.consumed_at IS NULL AND l.expires_at > $2::timestamptz
        AND a.id = l.account_id AND a.disabled_at IS NULL RETURNING l.account_id`,
    password: `UPDATE accounts AS a SET password_hash = $3, updated_at = $2::timestamptz
      FROM {condition} AS link WHERE a.id = link.account_id`,
    others: `UPDATE account_links AS l SET consumed_at = $2::timestamptz FROM {condition} AS link
      WHERE l.account_id = link.account_id AND l.kind = 'reset' AND l.token_hash <> $1 AND l.consumed_at IS NULL`,
    ended_sessions: `UPDATE sessions AS s SET id_hash = 'ended:' || uid, account_id = NULL, payload = '{}', expires_at = $2::timestamptz
      FROM {condition} AS link WHERE s.account_id = link.account_id`,
  },
  accounts,
  sessions,
)

/** `$1` is the account, `$2` now, `$3` the new hash, `$4` the old one, `$5` the session that stays. */
const replacePassword = accounts.condition(
  'password_change',
  {
    condition: `UPDATE accounts SET password_hash = $3, updated_at = $2::timestamptz
      WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $4::text AND disabled_at IS NULL RETURNING 1`,
    links: `UPDATE account_links SET consumed_at = $2::timestamptz FROM {condition}
      WHERE account_id = $1 AND kind = 'reset' AND consumed_at IS NULL`,
    ended_sessions: `UPDATE sessions SET id_hash = 'ended:' || uid, account_id = NULL, payload = '{}', expires_at = $2::timestamptz
      FROM {condition} WHERE account_id = $1 AND uid <> $5`,
  },
  accountLinks,
  sessions,
)

export interface PasswordChange {
  readonly accountId: string
  /** The hash that it replaces; false is answered if it is another one by now. */
  readonly replaces: string | undefined
  readonly passwordHash: string
  /** The session that goes on. All others end, and links for passwords. */
  readonly keepsSession: string
}

/** The person's own change of password, in one statement with `also`. */
export function changePassword(
  { database: { sql }, clock }: Pick<Storage, 'database' | 'clock'>,
  { accountId, replaces, passwordHash, keepsSession }: PasswordChange,
  also: readonly Write[],
): Promise<boolean> {
  const values = [accountId, clock.now().toISOString(), passwordHash, replaces ?? null, keepsSession]
  return writeTogether(sql, also, { text: replacePassword, values })
}

export function createAccountLinks({
  prisma,
  database: { sql },
  clock,
}: Pick<Storage, 'prisma' | 'database' | 'clock'>): AccountLinks {
  return {
    newReset: (accountId) => {
      const token = randomSecret(24)
      const now = clock.now()
      const row = {
        token_hash: hashSecret(token),
        kind: 'reset' satisfies AccountLinkKind,
        account_id: accountId,
        created_at: now,
        expires_at: new Date(now.getTime() + resetLinkSeconds * 1_000),
      }
      return { path: `/reset/${token}`, write: { text: insert, values: insertion.values(row) } }
    },
    findReset: async (token) => {
      const row = await prisma.accountLink.findFirst({
        where: {
          ...{ tokenHash: hashSecret(token), kind: 'reset', consumedAt: null },
          ...{ expiresAt: { gt: clock.now() }, account: { disabledAt: null } },
        },
        select: { account: { select: { id: true, email: true, language: true } } },
      })
      if (row === null) return undefined
      const { id: accountId, email, language } = row.account
      return { accountId, email, language: language ?? undefined }
    },
    redeemReset: (token, passwordHash, also) => {
      const values = [hashSecret(token), clock.now().toISOString(), passwordHash]
      const condition: Condition = { text: resetPassword, values }
      return writeTogether(sql, also, condition)
    },
  }
}
