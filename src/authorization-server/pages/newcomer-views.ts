/** Contexts of the pages by which people come. See views.ts. */
import type { Weakness } from '../accounts/password-rules.js'

/** views/invite.ejs: posts `name`, `password`, `csrf` to `action`. The address is that of the invitation. */
export interface InviteContext {
  readonly email: string
  readonly name: string
  /** The shortest password that is taken. */
  readonly passwordLength: number
  readonly error?: Weakness | undefined
  readonly action: string
  readonly csrfToken: string
}

/** views/sign-up.ejs: posts `email`, `name`, `password`, `csrf` to `action`. */
export interface SignUpContext {
  readonly email: string
  readonly name: string
  /** Of the addresses that are taken; empty: of any. */
  readonly domains: readonly string[]
  readonly passwordLength: number
  readonly errors: {
    readonly email?: 'no-address' | 'other-domain' | undefined
    readonly password?: Weakness | undefined
  }
  readonly action: string
  readonly csrfToken: string
}

/** views/sign-up-sent.ejs: the same whether or not there is such an account. */
export interface SignUpSentContext {
  readonly email: string
}

/** views/verify.ejs: posts `csrf`, and `password` if it is asked for, to `action`. */
export interface VerifyContext {
  readonly email: string
  /** In another browser than the one that signed up. */
  readonly asksPassword: boolean
  readonly isWrong: boolean
  readonly action: string
  readonly csrfToken: string
}
