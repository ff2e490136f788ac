/** Passkeys of accounts (WebAuthn credentials). Owns single use of challenges and the signature counter; does not verify what a device signs. */
import { text } from '../../database/table.js'
import { writeTogether } from '../../database/writes.js'
import { declareSignIn } from '../grants/ephemeral-artifacts.js'
import type { SignInProof } from '../grants/interaction-reader.js'
import type { Storage } from '../storage.js'
import { accounts, passkeys, usedChallenges } from '../tables.js'

/** What a device's signature is verified with, and whose passkey it is. */
export interface StoredPasskey {
  readonly id: string
  readonly accountId: string
  /** COSE key, base64url. */
  readonly publicKey: string
  readonly counter: number
  readonly transports: readonly string[]
  /** The device may copy it to others. */
  readonly isSynced: boolean
  /** Of the account. */
  readonly email: string
  readonly passwordHash: string | undefined
}

/** As a person sees it. */
export interface ListedPasskey {
  readonly id: string
  readonly name: string
  readonly isSynced: boolean
  readonly createdAt: Date
  readonly lastUsedAt: Date | undefined
}

export type NewPasskey = Pick<
  StoredPasskey,
  'id' | 'accountId' | 'publicKey' | 'counter' | 'transports' | 'isSynced'
> & {
  readonly name: string
}

/** A challenge that was answered: it is used up by what it is answered for. */
export interface AnsweredChallenge {
  /** SHA-256 of it. */
  readonly hash: string
  /** From then on it would be refused anyway. */
  readonly expiresAt: Date
}

/** What a device signed, verified. */
export interface PasskeyUse {
  readonly passkey: Pick<StoredPasskey, 'id' | 'accountId' | 'passwordHash'>
  /** The counter that the device signed. */
  readonly counter: number
  readonly challenge: AnsweredChallenge
}

/** A person has no use for more, and a page has to list them. */
export const mostPasskeys = 20

const find = passkeys.read(
  'passkey_find',
  {
    ...passkeys.pick('id', 'account_id', 'public_key', 'counter', 'transports', 'is_synced'),
    email: text,
    password_hash: accounts.columns.password_hash,
  },
  `SELECT p.id, p.account_id, p.public_key, p.counter, p.transports, p.is_synced, a.email, a.password_hash
    FROM passkeys p JOIN accounts a ON a.id = p.account_id WHERE p.id = $1`,
)

/** A counter that did not grow was copied with its key (WebAuthn §6.1.1). A device that does not count always says 0. */
const hasGrown = (counter: string) => `(counter < ${counter}::bigint OR (counter = 0 AND ${counter}::bigint = 0))`

const useChallenge = (hash: string, expiresAt: string) =>
  `INSERT INTO used_challenges (challenge_hash, expires_at) VALUES (${hash}::text, ${expiresAt}::timestamptz)
    ON CONFLICT DO NOTHING RETURNING 1`

/** A passkey that was removed or used elsewhere meanwhile, and a challenge that was answered before, open nothing. */
const isStillThePasskey = declareSignIn(
  'passkey_sign_in',
  'EXISTS (SELECT 1 FROM {counted}) AND EXISTS (SELECT 1 FROM {answered})',
  {
    counted: `UPDATE passkeys SET counter = $5::bigint, last_used_at = $6::timestamptz
      WHERE id = $7::text AND account_id = $4 AND ${hasGrown('$5')} RETURNING 1`,
    answered: useChallenge('$8', '$9'),
  },
  passkeys,
  usedChallenges,
)

const add = passkeys.condition(
  'passkey_add',
  {
    answered: useChallenge('$9', '$10'),
    condition: `INSERT INTO passkeys (id, account_id, public_key, counter, transports, name, is_synced, created_at)
      SELECT $1::text, $2::text, $3::text, $4::bigint, $5::text[], $6::text, $7::bool, $8::timestamptz FROM {answered}
      WHERE EXISTS (SELECT 1 FROM accounts WHERE id = $2::text AND disabled_at IS NULL)
        AND (SELECT count(*) FROM passkeys WHERE account_id = $2::text) < ${mostPasskeys}
      ON CONFLICT (id) DO NOTHING RETURNING 1`,
  },
  usedChallenges,
)

export interface PasskeyStore {
  /** By the credential's id alone, whoever shows it. */
  find(id: string): Promise<StoredPasskey | undefined>
  /** Oldest first. */
  list(accountId: string): Promise<readonly ListedPasskey[]>
  /** False if the challenge was answered before, the passkey exists, or the account is disabled or has too many. */
  add(passkey: NewPasskey, challenge: AnsweredChallenge): Promise<boolean>
  /** The proof of a sign-in. */
  proofOf(use: PasskeyUse): SignInProof
  /** False if it is not the account's. */
  rename(accountId: string, id: string, name: string): Promise<boolean>
  remove(accountId: string, id: string): Promise<boolean>
}

export function createPasskeyStore({
  prisma,
  database: { sql },
  clock,
}: Pick<Storage, 'prisma' | 'database' | 'clock'>): PasskeyStore {
  return {
    async find(id) {
      const [row] = (await sql.query(find, [id])).rows
      if (row === undefined) return undefined
      const { account_id: accountId, public_key: publicKey, is_synced: isSynced, password_hash: hash } = row
      const { counter, transports, email } = row
      const passwordHash = hash ?? undefined
      return {
        id,
        accountId,
        publicKey,
        counter: Number(counter),
        transports: transports ?? [],
        isSynced,
        email,
        passwordHash,
      }
    },
    async list(accountId) {
      const rows = await prisma.passkey.findMany({
        where: { accountId },
        orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
      })
      return rows.map(({ id, name, isSynced, createdAt, lastUsedAt }) => ({
        ...{ id, name, isSynced, createdAt },
        lastUsedAt: lastUsedAt ?? undefined,
      }))
    },
    add: ({ id, accountId, publicKey, counter, transports, name, isSynced }, { hash, expiresAt }) =>
      writeTogether(sql, [], {
        text: add,
        values: [
          ...[id, accountId, publicKey, counter, transports, name, isSynced, clock.now().toISOString()],
          ...[hash, expiresAt.toISOString()],
        ],
      }),
    proofOf: ({ passkey: { id, accountId }, counter, challenge: { hash, expiresAt } }) => ({
      accountId,
      condition: isStillThePasskey,
      evidence: [counter, clock.now().toISOString(), id, hash, expiresAt.toISOString()],
    }),
    rename: async (accountId, id, name) =>
      (await prisma.passkey.updateMany({ where: { id, accountId }, data: { name } })).count === 1,
    remove: async (accountId, id) => (await prisma.passkey.deleteMany({ where: { id, accountId } })).count === 1,
  }
}
