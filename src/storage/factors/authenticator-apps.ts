/**
 * The second factor behind a password: the authenticator app of an account, and its recovery codes. Owns that each code is good once. Does
 * not know which code is right at what time (login/one-time-codes.ts).
 */
import { hashSecret } from '../../base/secrets.js'
import { declareSignIn } from '../grants/ephemeral-artifacts.js'
import type { SignInProof, StoredApp } from '../grants/interaction-reader.js'
import type { Storage } from '../storage.js'
import { authenticatorApps, recoveryCodes } from '../tables.js'

export function appPurpose(accountId: string): string {
  return `authenticator app ${accountId}`
}

/** A code is good once, and none that is older is good after it (RFC 6238 §5.2). The password is still the one that was proven. */
const isStillTheCode = declareSignIn(
  'code_sign_in',
  'password_hash = $5 AND EXISTS (SELECT 1 FROM {used})',
  {
    used: `UPDATE authenticator_apps SET last_step = $6::bigint
      WHERE account_id = $4 AND confirmed_at IS NOT NULL AND last_step < $6::bigint RETURNING 1`,
  },
  authenticatorApps,
)

const isStillTheRecoveryCode = declareSignIn(
  'recovery_code_sign_in',
  'password_hash = $5 AND EXISTS (SELECT 1 FROM {used})',
  { used: 'DELETE FROM recovery_codes WHERE account_id = $4 AND code_hash = $6::text RETURNING 1' },
  recoveryCodes,
)

/** The account has no password: a recovery code stands for its lost passkeys. */
const isStillTheRecoveryCodeAlone = declareSignIn(
  'recovery_code_alone_sign_in',
  'password_hash IS NULL AND EXISTS (SELECT 1 FROM {used})',
  { used: 'DELETE FROM recovery_codes WHERE account_id = $4 AND code_hash = $5::text RETURNING 1' },
  recoveryCodes,
)

/** The account, and the hash of its password that was proven before. */
export interface FirstFactor {
  readonly accountId: string
  readonly passwordHash: string
}

/** Bound to the account: the same code of two people would be known to be the same otherwise. */
function hashOf(accountId: string, code: string): string {
  return hashSecret(`recovery code\n${accountId}\n${code}`)
}

/** On the condition that this time step is used now, for the first time. */
export function codeProof({ accountId, passwordHash }: FirstFactor, step: number): SignInProof {
  return { accountId, condition: isStillTheCode, evidence: [passwordHash, step], passwordHash }
}

/** On the condition that there is this recovery code; then it is used up. `code`: normalised. */
export function recoveryCodeProof({ accountId, passwordHash }: FirstFactor, code: string): SignInProof {
  const evidence = [passwordHash, hashOf(accountId, code)]
  return { accountId, condition: isStillTheRecoveryCode, evidence, passwordHash }
}

/** The same for an account without a password. */
export function recoveryCodeAloneProof(accountId: string, code: string): SignInProof {
  return { accountId, condition: isStillTheRecoveryCodeAlone, evidence: [hashOf(accountId, code)] }
}

/** What an account can prove a person with, besides its password. */
export interface SecondFactors {
  /** When the authenticator app was set up; `undefined`: there is none. */
  readonly appSince: Date | undefined
  /** Recovery codes that are left. */
  readonly recoveryCodes: number
}

export interface SecondFactorStore {
  of(accountId: string): Promise<SecondFactors>
  /** Begins to set up an app with this secret, in place of one that was begun. False if one is set up already. */
  begin(accountId: string, secret: string): Promise<boolean>
  /** The secret of the app that is being set up. */
  begun(accountId: string): Promise<string | undefined>
  /** The app that is set up. */
  app(accountId: string): Promise<StoredApp | undefined>
  /** The secret of a stored app. */
  open(accountId: string, app: Pick<StoredApp, 'sealedSecret'>): string
  /** Ends the set-up with the time step of the first code. False if the secret is another by now. */
  confirm(accountId: string, secret: string, step: number): Promise<boolean>
  hasRecoveryCode(accountId: string, code: string): Promise<boolean>
  /** Removes the app. False if there is none. */
  removeApp(accountId: string): Promise<boolean>
  /** Puts these in place of all earlier ones. Normalised. */
  replaceRecoveryCodes(accountId: string, codes: readonly string[]): Promise<void>
}

export function createSecondFactorStore({
  prisma,
  secretBox,
  clock,
}: Pick<Storage, 'prisma' | 'secretBox' | 'clock'>): SecondFactorStore {
  const { authenticatorApp, recoveryCode } = prisma
  const open: SecondFactorStore['open'] = (accountId, { sealedSecret }) =>
    secretBox.open(sealedSecret, appPurpose(accountId))
  return {
    open,
    async of(accountId) {
      const [app, codes] = await Promise.all([
        authenticatorApp.findFirst({ where: { accountId, confirmedAt: { not: null } } }),
        recoveryCode.count({ where: { accountId } }),
      ])
      return { appSince: app?.confirmedAt ?? undefined, recoveryCodes: codes }
    },
    async begin(accountId, secret) {
      const begun = {
        sealedSecret: secretBox.seal(secret, appPurpose(accountId)),
        createdAt: clock.now(),
      }
      const { count } = await authenticatorApp.createMany({ data: [{ accountId, ...begun }], skipDuplicates: true })
      if (count === 1) return true
      return (await authenticatorApp.updateMany({ where: { accountId, confirmedAt: null }, data: begun })).count === 1
    },
    async begun(accountId) {
      const row = await authenticatorApp.findFirst({ where: { accountId, confirmedAt: null } })
      return row === null ? undefined : open(accountId, row)
    },
    async app(accountId) {
      const row = await authenticatorApp.findFirst({ where: { accountId, confirmedAt: { not: null } } })
      return row === null ? undefined : { sealedSecret: row.sealedSecret, lastStep: Number(row.lastStep) }
    },
    async confirm(accountId, secret, step) {
      const row = await authenticatorApp.findFirst({ where: { accountId, confirmedAt: null } })
      if (row === null || open(accountId, row) !== secret) return false
      const { count } = await authenticatorApp.updateMany({
        where: { accountId, confirmedAt: null, sealedSecret: row.sealedSecret },
        data: { confirmedAt: clock.now(), lastStep: step },
      })
      return count === 1
    },
    hasRecoveryCode: async (accountId, code) =>
      (await recoveryCode.count({ where: { accountId, codeHash: hashOf(accountId, code) } })) === 1,
    removeApp: async (accountId) =>
      (await authenticatorApp.deleteMany({ where: { accountId, confirmedAt: { not: null } } })).count === 1,
    async replaceRecoveryCodes(accountId, codes) {
      const createdAt = clock.now()
      await prisma.$transaction([
        recoveryCode.deleteMany({ where: { accountId } }),
        recoveryCode.createMany({
          data: codes.map((code) => ({ accountId, codeHash: hashOf(accountId, code), createdAt })),
        }),
      ])
    },
  }
}
