/**
 * People who can sign in. Owns how an email address is compared and what ends with an account's access. Does not own passwords:
 * it keeps the hash it is given.
 */
import { randomSecret } from '../../base/secrets.js'
import { normalizeEmail } from '../../oauth/email-address.js'
import { firstFactorMember } from '../grants/interaction-reader.js'
import type { Storage } from '../storage.js'
import { accounts } from '../tables.js'
import { endSessionsOf } from './sessions.js'

export interface Account {
  /** Opaque, never reused: the `sub` of OpenID Connect Core §2. */
  readonly id: string
  readonly email: string
  readonly name: string | undefined
  /** argon2id in PHC form. `undefined`: nobody signs in to the account with a password. */
  readonly passwordHash: string | undefined
  /** BCP 47, for pages and mails. `undefined`: the person chose none. */
  readonly language: string | undefined
  readonly disabledAt: Date | undefined
  readonly createdAt: Date
}

export interface NewAccount {
  readonly email: string
  readonly passwordHash?: string
  readonly name?: string
}

export interface AccountStore {
  find(id: string): Promise<Account | undefined>
  /** Takes what a person typed; an address that cannot exist is not found. */
  findByEmail(email: string): Promise<Account | undefined>
  /** `undefined` when the email is taken. Throws RangeError when it is not an email address. */
  add(account: NewAccount): Promise<Account | undefined>
  /**
   * Sets the hash; false when there is no such account. With `replaces`, only while the hash is still that one, so that a
   * refreshed hash of an old password never overwrites a new password.
   */
  setPasswordHash(id: string, passwordHash: string, replaces?: string): Promise<boolean>
  /** Sets or forgets the language of pages and mails. False when there is no such account. */
  setLanguage(id: string, language: string | undefined): Promise<boolean>
  /** Stops the account from signing in and ends its access (`endAccess`). False when there is no such account. */
  disable(id: string): Promise<boolean>
  enable(id: string): Promise<boolean>
  /** Ends every session, except one, and every sign-in in progress. Programs keep their access. */
  endSignIns(id: string, exceptSession?: string): Promise<void>
  /** Ends every session and sign-in in progress, and revokes every grant, which the revocation feed tells resource servers. */
  endAccess(id: string): Promise<void>
  /** Every account, by email. */
  list(): Promise<readonly Account[]>
  count(): Promise<number>
}

export { normalizeEmail }

export type AccountStorage = Pick<Storage, 'prisma' | 'database' | 'clock'>

interface AccountRow {
  id: string
  email: string
  name: string | null
  passwordHash: string | null
  language: string | null
  disabledAt: Date | null
  createdAt: Date
}

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    name: row.name ?? undefined,
    passwordHash: row.passwordHash ?? undefined,
    language: row.language ?? undefined,
    disabledAt: row.disabledAt ?? undefined,
    createdAt: row.createdAt,
  }
}

const accountColumns = accounts.pick('id', 'email', 'name', 'password_hash', 'language', 'disabled_at', 'created_at')
const selectAccount = `SELECT ${Object.keys(accountColumns).join(', ')} FROM accounts`
const findById = accounts.read('account_find', accountColumns, `${selectAccount} WHERE id = $1`)
const findByAddress = accounts.read('account_find_by_email', accountColumns, `${selectAccount} WHERE email = $1`)

/** Not by Prisma, which writes `updated_at` with every change. */
const chooseLanguage = accounts.write('account_language', `UPDATE accounts SET language = $2 WHERE id = $1`)

/** Accounts in the authorization server's database. */
export function createAccountStore({ prisma, database, clock }: AccountStorage): AccountStore {
  // Not by Prisma: a start looks for the first account, and an idle server need not load what its first query loads.
  const findOne = async (statement: typeof findById, value: string): Promise<Account | undefined> => {
    const [row] = (await database.sql.query(statement, [value])).rows
    if (row === undefined) return undefined
    const { password_hash: passwordHash, disabled_at: disabledAt, created_at: createdAt, ...rest } = row
    return toAccount({ ...rest, passwordHash, disabledAt, createdAt })
  }
  const isTheirs = (accountId: string) => ({
    model: 'Interaction',
    OR: [
      { payload: { path: ['result', 'login', 'accountId'], equals: accountId } },
      { payload: { path: ['result', firstFactorMember, 'accountId'], equals: accountId } },
      { payload: { path: ['session', 'accountId'], equals: accountId } },
    ],
  })
  const endSignIns = (accountId: string, exceptSession?: string) => [
    // A sign-in in progress has passed the old password already.
    prisma.ephemeralArtifact.deleteMany({ where: isTheirs(accountId) }),
    endSessionsOf(prisma, accountId, clock.now(), exceptSession),
  ]
  const endAccess = (accountId: string) => [...endSignIns(accountId), prisma.grant.deleteMany({ where: { accountId } })]
  // `updated_at` ends what browsers were known by (login/known-browsers.ts): write it with what ends access, and with nothing else.
  const update = async (where: { id: string; passwordHash?: string }, data: object) =>
    (await prisma.account.updateMany({ where, data: { ...data, updatedAt: clock.now() } })).count === 1
  return {
    find: (id) => findOne(findById, id),
    async findByEmail(text) {
      const email = normalizeEmail(text)
      return email === undefined ? undefined : findOne(findByAddress, email)
    },
    async add({ email: text, passwordHash, name }) {
      const email = normalizeEmail(text)
      if (email === undefined) throw new RangeError('that is not an email address')
      const now = clock.now()
      const id = randomSecret(16)
      const row = {
        id,
        email,
        name: name ?? null,
        passwordHash: passwordHash ?? null,
        language: null,
        disabledAt: null,
        createdAt: now,
      }
      const data = [{ ...row, updatedAt: now }]
      const { count } = await prisma.account.createMany({ data, skipDuplicates: true })
      return count === 1 ? toAccount(row) : undefined
    },
    setPasswordHash: (id, passwordHash, replaces) =>
      update({ id, ...(replaces === undefined ? {} : { passwordHash: replaces }) }, { passwordHash }),
    async setLanguage(id, language) {
      const { rowCount } = await database.sql.query(chooseLanguage, [id, language ?? null])
      return rowCount === 1
    },
    async disable(id) {
      const now = clock.now()
      const disabling = prisma.account.updateMany({ where: { id }, data: { disabledAt: now, updatedAt: now } })
      const [{ count }] = await prisma.$transaction([disabling, ...endAccess(id)])
      return count === 1
    },
    enable: (id) => update({ id }, { disabledAt: null }),
    async endSignIns(id, exceptSession) {
      await prisma.$transaction(endSignIns(id, exceptSession))
    },
    async endAccess(id) {
      await prisma.$transaction(endAccess(id))
    },
    async list() {
      return (await prisma.account.findMany({ orderBy: { email: 'asc' } })).map(toAccount)
    },
    count: () => prisma.account.count(),
  }
}
