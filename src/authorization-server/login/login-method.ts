/** What a way to sign in is: how it proves a person, and what an ID token may say about that. login-methods.ts lists those there are. */
import type { Sender } from '../../base/fair-queue.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import type { PasskeyStore } from '../../storage/factors/passkeys.js'
import type { Claimant, SignInProof, StoredApp } from '../../storage/grants/interaction-reader.js'
import type { Storage } from '../../storage/storage.js'
import type { ChallengePurpose } from './challenges.js'
import type { PasskeyCeremonies } from './passkey-ceremony.js'
import type { PasswordHasher } from './passwords.js'

/** A posted form of the sign-in page. The `email` of a method that can be guessed was counted (throttle.ts) before. */
export interface SignInTry {
  readonly form: URLSearchParams
  /** What a device may sign for here: another page's challenge counts there only. */
  readonly challenge: { readonly purpose: ChallengePurpose; readonly binding: string }
  /** The account of that email; `undefined` when there is none. */
  readonly claimant: Claimant | undefined
  /** See `PasswordHasher.verify`. */
  readonly sender: Sender
}

/** What methods are made of. */
export interface LoginParts {
  readonly storage: Storage
  readonly accounts: AccountStore
  readonly hasher: PasswordHasher
  /** `undefined` where browsers offer no passkeys. */
  readonly passkeys: { readonly ceremonies: PasskeyCeremonies; readonly store: PasskeyStore } | undefined
}

/** Who the person is, and what the ID token says of the sign-in. */
export interface Proven {
  readonly proof: SignInProof
  /** OpenID Connect Core §2: a level, or how another provider's sign-in is called. */
  readonly acr: string
  /** RFC 8176 §2. */
  readonly amr: readonly string[]
  /** The account's address, where the form did not name it. */
  readonly email?: string
  /** The authenticator app of the account, of which a code is still to come: the person is not signed in before. */
  readonly awaitsCodeOf?: StoredApp
}

/** Not proven, with a reason for the log. */
export interface NotProven {
  readonly refused?: string
}

/**
 * The account that the person proved to be, and the condition on which the sign-in is saved: the proof may be withdrawn while it is
 * checked. No account, a wrong proof and a disabled account give the same answer in the same time. Throws `temporarily_unavailable` when
 * nothing could be checked; then the try does not count.
 */
export type Prove = (attempt: SignInTry) => Promise<Proven | NotProven>

/** What is known of a method before it is made: the engine's configuration and the metadata say it. */
export interface LoginMethodDescription {
  /** `views/sign-in/<name>.ejs` draws its form or its link. The form posts this as `method`; the first method may leave it out. */
  readonly name: string
  /** What is typed could be guessed: tries are counted by the `email` of the form. */
  readonly isGuessable: boolean
}

export interface LoginMethod extends LoginMethodDescription {
  readonly prove: Prove
}

export interface LoginMethodKind extends LoginMethodDescription {
  /** `undefined`: this server cannot offer it. */
  create(parts: LoginParts): Prove | undefined
}
