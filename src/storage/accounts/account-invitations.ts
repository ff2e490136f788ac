/**
 * Links by which somebody makes the account of an address, with its groups. A link works once and for a week; the statement that makes the
 * account uses it up, so that of any number of requests one makes it.
 */
import { hashSecret, randomSecret } from '../../base/secrets.js'
import type { Condition, Write } from '../../database/writes.js'
import type { Storage } from '../storage.js'
import { accountInvitations, accounts, groupMembers } from '../tables.js'
import { normalizeEmail } from './accounts.js'

export const invitationSeconds = 7 * 86_400
export const signUpSeconds = 86_400

export interface Invitation {
  readonly email: string
  readonly groups: readonly string[]
}

/** What somebody chose who asked for an account. */
export interface AskedSignUp {
  readonly email: string
  readonly name: string | undefined
  readonly passwordHash: string
}

/** The account that a link makes. */
export interface InvitedAccount {
  readonly id: string
  readonly name: string | undefined
  readonly passwordHash: string
}

export interface AccountInvitations {
  /** The token of a new link; earlier ones of the address end. Throws RangeError for text that is no address. */
  issue(invitation: Invitation): Promise<string>
  /** What the link would make now. Only for deciding what page to show: `redeeming` decides again. */
  find(token: string): Promise<Invitation | undefined>
  /** A link for the mail to somebody who asked for an account, to be written with that mail. Earlier ones go on working. */
  newSignUp(asked: AskedSignUp): { readonly path: string; readonly write: Write }
  /** What was asked for, if the link would work now. */
  findSignUp(token: string): Promise<AskedSignUp | undefined>
  /** The decision that uses the link up and makes the account. Refused if the link ended, or an account has the address. */
  redeeming(token: string, account: InvitedAccount): Condition
}

const insertion = accountInvitations.insertion(
  ...(['token_hash', 'kind', 'email', 'name', 'password_hash', 'groups', 'created_at', 'expires_at'] as const),
)
const insert = accountInvitations.insertPart('account_sign_up', insertion)

/** `$1` is the token's hash, `$2` now, `$3` to `$5` id, name and password of the account. */
const redeem = accountInvitations.condition(
  'account_invitation_redeem',
  {
    condition: `UPDATE account_invitations AS i SET consumed_at = $2::timestamptz
      WHERE i.token_hash = $1 AND i.consumed_at IS NULL AND i.expires_at > $2::timestamptz
        AND NOT EXISTS (SELECT 1 FROM accounts a WHERE a.email = i.email) RETURNING i.email, i.groups`,
    made_account: `INSERT INTO accounts (id, email, name, password_hash, email_verified, created_at, updated_at)
      SELECT $3::text, i.email, $4::text, $5::text, true, $2::timestamptz, $2::timestamptz FROM {condition} AS i`,
    made_members: `INSERT INTO group_members (member, group_name, source, created_at)
      SELECT DISTINCT $3::text, g, 'invitation', $2::timestamptz FROM {condition} AS i, unnest(i.groups) AS g ON CONFLICT DO NOTHING`,
  },
  accounts,
  groupMembers,
)

export function createAccountInvitations({ prisma, clock }: Pick<Storage, 'prisma' | 'clock'>): AccountInvitations {
  const usable = async (token: string, kind: string) => {
    const row = await prisma.accountInvitation.findFirst({
      where: { tokenHash: hashSecret(token), kind, consumedAt: null, expiresAt: { gt: clock.now() } },
    })
    const isTaken = row !== null && (await prisma.account.count({ where: { email: row.email } })) > 0
    return row === null || isTaken ? undefined : row
  }
  return {
    newSignUp: ({ email, name, passwordHash }) => {
      const token = randomSecret(24)
      const now = clock.now()
      const row = {
        ...{ token_hash: hashSecret(token), kind: 'sign_up', email, name: name ?? null, password_hash: passwordHash },
        ...{ groups: [], created_at: now, expires_at: new Date(now.getTime() + signUpSeconds * 1_000) },
      }
      return { path: `/verify/${token}`, write: { text: insert, values: insertion.values(row) } }
    },
    findSignUp: async (token) => {
      const row = await usable(token, 'sign_up')
      if (row === undefined || row.passwordHash === null) return undefined
      return { email: row.email, name: row.name ?? undefined, passwordHash: row.passwordHash }
    },
    issue: async ({ email: text, groups }) => {
      const email = normalizeEmail(text)
      if (email === undefined) throw new RangeError(`${JSON.stringify(text)} is not an email address`)
      const token = randomSecret(24)
      const createdAt = clock.now()
      const expiresAt = new Date(createdAt.getTime() + invitationSeconds * 1_000)
      await prisma.$transaction([
        prisma.accountInvitation.deleteMany({ where: { email, kind: 'invitation', consumedAt: null } }),
        prisma.accountInvitation.create({
          data: { tokenHash: hashSecret(token), email, groups: [...groups], createdAt, expiresAt },
        }),
      ])
      return token
    },
    find: async (token) => {
      const row = await usable(token, 'invitation')
      return row === undefined ? undefined : { email: row.email, groups: row.groups }
    },
    redeeming: (token, { id, name, passwordHash }) => ({
      text: redeem,
      values: [hashSecret(token), clock.now().toISOString(), id, name ?? null, passwordHash],
    }),
  }
}
