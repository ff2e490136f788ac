/** What a way to sign in is: how it proves a person, and what an ID token may say about that. login-methods.ts lists those there are. */
import type { Sender } from '../../base/fair-queue.js'
import type { AccountStore } from '../../storage/accounts/accounts.js'
import type { Claimant, SignInProof } from '../../storage/grants/interaction-reader.js'
import type { Storage } from '../../storage/storage.js'
import type { PasswordHasher } from './passwords.js'

/** A posted form of the sign-in page. Its `email` was counted (throttle.ts) before. */
export interface SignInTry {
  readonly form: URLSearchParams
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
}

/**
 * The account that the person proved to be, and the condition on which the sign-in is saved: the proof may be withdrawn while it is
 * checked. `undefined`: not proven. No account, a wrong proof and a disabled account give that same answer in the same time. Throws
 * `temporarily_unavailable` when nothing could be checked; then the try does not count.
 */
export type Prove = (attempt: SignInTry) => Promise<SignInProof | undefined>

/** What is known of a method before it is made: the engine's configuration and the metadata say it. */
export interface LoginMethodDescription {
  /** `views/sign-in/<name>.ejs` draws its form, which posts this as `method`. The first method may leave it out. */
  readonly name: string
  /** Of the ID token (OpenID Connect Core §2). */
  readonly acr: string
  /** Of the ID token (RFC 8176 §2). */
  readonly amr: readonly string[]
}

export interface LoginMethod extends LoginMethodDescription {
  readonly prove: Prove
}

export interface LoginMethodKind extends LoginMethodDescription {
  create(parts: LoginParts): Prove
}
