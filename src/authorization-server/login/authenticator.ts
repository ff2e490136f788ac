/**
 * Checks the password of an account. Does not own which passwords are allowed (accounts/password-rules.ts), pages, sessions or consent
 * (interactions/) nor the accounts' table (storage/accounts). Follows NIST SP 800-63B-4.
 */
import type { Sender } from '../../base/fair-queue.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import type { Claimant } from '../../storage/grants/interaction-reader.js'
import type { PasswordHasher } from './passwords.js'

/** The account whose password was just verified, and the hash it was verified against. */
export interface ProvenPassword {
  readonly accountId: string
  readonly passwordHash: string
}

export interface Authenticator {
  /**
   * The account, when the password is its own. No account (the email is unknown), an account without a password, a wrong password and a
   * disabled account give the same answer in the same time. Does not count tries: call `SignInThrottle.begin` first.
   * `sender`: see `PasswordHasher.verify`. Throws `temporarily_unavailable` when too many checks wait.
   */
  authenticate(
    account: Omit<Claimant, 'changedAt'> | undefined,
    password: string,
    sender?: Sender,
  ): Promise<ProvenPassword | undefined>
}

/** Renews a hash made with older parameters when its owner signs in. */
export function createAuthenticator(
  accounts: Pick<AccountStore, 'find' | 'setPasswordHash'>,
  hasher: PasswordHasher,
): Authenticator {
  const authenticator: Authenticator = {
    async authenticate(account, password, sender) {
      const matches = await hasher.verify(account?.passwordHash, password, sender)
      if (account === undefined || !matches || account.disabledAt !== undefined) return undefined
      const { id: accountId, passwordHash } = account
      if (passwordHash === undefined) return undefined
      if (!hasher.needsRehash(passwordHash)) return { accountId, passwordHash }
      const renewed = await hasher.hash(password)
      if (await accounts.setPasswordHash(accountId, renewed, passwordHash)) return { accountId, passwordHash: renewed }
      // Another sign-in has renewed it, or the password is another by now.
      return authenticator.authenticate(await accounts.find(accountId), password, sender)
    },
  }
  return authenticator
}
