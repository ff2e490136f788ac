/**
 * The context of each page of the authorization server, one type per file in views/. Does not own the words (views/text.en.json)
 * or the drawing (views/*.ejs): a router hands over facts, never sentences. Every string may come from a stranger: pages escape,
 * isolate and cut it.
 */
import { type ConnectViews, connectScripts } from '../../connect-page/connect-page.js'
import type { errorPages } from '../../problems/pages.js'
import type { Weakness } from '../accounts/password-rules.js'
import type { AccountContext } from './account-views.js'
import type { BarredContext, ConfirmContext, ConsentContext } from './consent-views.js'
import type { FormPostContext } from './form-post-view.js'
import type { InviteContext, SignUpContext, SignUpSentContext, VerifyContext } from './newcomer-views.js'

export type * from './account-views.js'
export type * from './consent-views.js'
export type * from './newcomer-views.js'
export type { ClientIdentity, IdentityClaim, NameWarning, RedirectTarget } from './shown-client.js'

/** Something went wrong with a sign-in. One message for every wrong pair of email and password. */
export type SignInError = 'wrong-credentials' | 'wrong-passkey' | 'too-many-attempts' | 'form-expired' | 'busy'

/** What the sign-in page offers of passkeys: a link, and (by script) the browser's own list of them. */
export interface PasskeySignIn {
  readonly pagePath: string
  /** What `navigator.credentials.get` is asked for, as JSON. */
  readonly options: string
}

/** views/passkey.ejs: its script posts what the device signed as `credential`, with `method` and `csrf`, to `action`. */
export interface PasskeyContext {
  readonly clientName?: string | undefined
  readonly error?: 'wrong-passkey' | undefined
  readonly options: string
  readonly action: string
  /** Back to the sign-in page. */
  readonly otherPath: string
  readonly recoveryPath: string
  readonly csrfToken: string
}

export type SecondFactorError = 'wrong-code' | 'too-many-attempts'

/** views/second-factor.ejs: posts `code`, or `recovery-code` (with `email`, where nobody typed a password), and `csrf` to `action`. */
export interface SecondFactorContext {
  readonly kind: 'code' | 'recovery-code'
  /** Asked for unless it is absent: no password was typed before. */
  readonly email?: string | undefined
  readonly clientName?: string | undefined
  readonly error?: SecondFactorError | undefined
  /** With `too-many-attempts`: how long to wait. */
  readonly retryAfterSeconds?: number | undefined
  readonly action: string
  /** To the other kind, or back to the sign-in page. */
  readonly otherPath: string
  readonly switchAccountAction: string
  readonly csrfToken: string
}

/** views/sign-in.ejs with one form of views/sign-in/ for each method: posts `email`, what the method asks for, `csrf` and (unless it is the first) `method` to `action`. */
export interface SignInContext {
  /** The ways to sign in, in their order. */
  readonly methods: readonly string[]
  /** Other providers, each a button that posts `provider` and `csrf` to `providerAction`. */
  readonly providers?: readonly { readonly id: string; readonly name: string }[] | undefined
  readonly providerAction?: string | undefined
  /** With the method `passkey`. */
  readonly passkey?: PasskeySignIn | undefined
  /** Who sent the person here; absent when they came by themselves. */
  readonly clientName?: string | undefined
  readonly resourceName?: string | undefined
  /** There is no client: the person opens their account, or proves once more who they are. */
  readonly toAccount?: 'open' | 'prove' | undefined
  /** Kept from the last try, else ''. */
  readonly email: string
  readonly error?: SignInError | undefined
  /** With `too-many-attempts`: how long to wait. */
  readonly retryAfterSeconds?: number | undefined
  /** "Forgot password?" */
  readonly recoverUrl?: string | undefined
  /** Where strangers may make an account. */
  readonly signUpUrl?: string | undefined
  readonly action: string
  /** Where "Cancel and go back" posts `csrf` to; absent: no such button. */
  readonly cancelAction?: string | undefined
  readonly csrfToken: string
}

/** views/stronger-sign-in.ejs: the person is signed in, but not as strongly as the request asks for. Both forms post `csrf`. */
export interface StrongerSignInContext {
  readonly clientName?: string | undefined
  /** Two factors, or a passkey. */
  readonly needs: 'mfa' | 'phr'
  /** Where the person sets up what is missing. */
  readonly securityPath: string
  /** Absent where browsers offer no passkeys. */
  readonly passkeyPath?: string | undefined
  readonly switchAccountAction: string
  readonly cancelAction: string
  readonly csrfToken: string
}

/** Why a device code was not taken. `used-code`: approved or denied already. */
export type DeviceEntryError =
  | 'no-code'
  | 'unknown-code'
  | 'expired-code'
  | 'used-code'
  | 'form-expired'
  | 'too-many-attempts'

/** views/device.ejs (RFC 8628 §3.3): posts `user_code` and the engine's `xsrf` to `action`. */
export interface DeviceContext {
  /** From the link or the last try, else ''. Without an error: to be compared with the device. */
  readonly userCode: string
  readonly error?: DeviceEntryError | undefined
  /** With `too-many-attempts`. */
  readonly retryAfterSeconds?: number | undefined
  readonly action: string
  readonly xsrf: string
}

/** views/set-up.ejs (the first account): posts `email`, `password`, `csrf` to `action`. */
export interface SetUpContext {
  readonly email: string
  /** The shortest password that is taken. */
  readonly passwordLength: number
  readonly errors: {
    readonly email?: 'no-address' | undefined
    readonly password?: Weakness | undefined
  }
  readonly action: string
  readonly csrfToken: string
}

/** views/set-up-done.ejs: the first account exists; the next step is the MCP URL. */
export interface SetUpDoneContext {
  readonly email: string
  /** Absent if no resource is declared that has a URL. */
  readonly resourceUrl?: string | undefined
  readonly connectUrl?: string | undefined
}

/** views/recover.ejs (a forgotten password): posts `email`, `csrf` to `action`. */
export interface RecoverContext {
  /** False: the page says what to do, and has no form. */
  readonly sendsMail: boolean
  readonly email: string
  readonly error?: 'no-address' | undefined
  readonly action: string
  readonly csrfToken: string
}

/** views/recover-sent.ejs: the same whether or not there is such an account. */
export interface RecoverSentContext {
  readonly email: string
}

/** views/reset.ejs: posts `password`, `disconnect` (`yes`, if ticked), `csrf` to `action`. */
export interface ResetContext {
  readonly email: string
  /** The shortest password that is taken. */
  readonly passwordLength: number
  readonly error?: Weakness | undefined
  readonly disconnects: boolean
  readonly action: string
  readonly csrfToken: string
}

/** views/reset-done.ejs */
export interface ResetDoneContext {
  readonly email: string
  readonly disconnects: boolean
}

/** views/sign-out.ejs: posts `fields` to `action`, "Sign out" with `signOutField` added (the engine's `logout=yes`). */
export interface SignOutContext {
  readonly clientName?: string | undefined
  readonly action: string
  /** Hidden fields of both buttons, the engine's `xsrf` among them. */
  readonly fields: Readonly<Record<string, string>>
  /** Name and value of the button that really signs out. */
  readonly confirm: { readonly name: string; readonly value: string }
}

/** views/signed-out.ejs. */
export interface SignedOutContext {
  /** The person was asked and chose to stay signed in. */
  readonly hasStayed: boolean
  /** https URL at a site that nobody has looked at, to which the person may go on. */
  readonly back?: string | undefined
}

/** views/done.ejs: the end of a way on which no redirect follows. */
export interface DoneContext {
  readonly outcome: 'allowed' | 'denied' | 'cancelled'
  readonly clientName?: string | undefined
}

/** views/hand-off.ejs: the answer to an authorization request, for the person to carry to the program. */
export interface HandOffContext {
  readonly clientName?: string | undefined
  /** The whole redirect, code and all. */
  readonly url: string
  readonly code: string
  /** Sends the redirect from the machine where the program waits. */
  readonly command: string
  readonly minutes: number
}

/** What an error page can be about; each has its title, its meaning, what was lost and the one next step in the text file. */
export type ErrorKind = keyof typeof errorPages

/** views/error.ejs. The router sets the status. */
export interface ErrorContext {
  readonly kind: ErrorKind
  readonly clientName?: string | undefined
  readonly requestId: string
  /** The registered error code, shown small beside its meaning. */
  readonly code?: string | undefined
  /** The entry of the manual that explains the error; it tells no more than the answer to a client would. */
  readonly problem?: string | undefined
  /** Our own public description of the error; never input. */
  readonly description?: string | undefined
  /** https URL at a site that nobody has looked at, to which the person may go on. */
  readonly back?: string | undefined
  /** The sign-in page that the person came from. */
  readonly again?: string | undefined
}

/** views/home.ejs: `GET /` of the authorization server. */
export interface HomeContext {
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    readonly connectUrl?: string | undefined
  }[]
  readonly metadataUrl: string
  /** The person's own page; absent as long as nobody can sign in. */
  readonly accountUrl?: string | undefined
  /** Nobody can sign in yet. The page says so, and where the set-up link is; never the link. */
  readonly isAccountMissing: boolean
}

/** Every page by the name of its file. */
export interface Views extends ConnectViews {
  readonly account: AccountContext
  readonly 'sign-in': SignInContext
  readonly passkey: PasskeyContext
  readonly 'second-factor': SecondFactorContext
  readonly 'stronger-sign-in': StrongerSignInContext
  readonly consent: ConsentContext
  readonly confirm: ConfirmContext
  readonly barred: BarredContext
  readonly device: DeviceContext
  readonly 'hand-off': HandOffContext
  readonly 'set-up': SetUpContext
  readonly 'set-up-done': SetUpDoneContext
  readonly recover: RecoverContext
  readonly 'recover-sent': RecoverSentContext
  readonly reset: ResetContext
  readonly 'reset-done': ResetDoneContext
  readonly invite: InviteContext
  readonly 'sign-up': SignUpContext
  readonly 'sign-up-sent': SignUpSentContext
  readonly verify: VerifyContext
  readonly 'sign-out': SignOutContext
  readonly 'signed-out': SignedOutContext
  readonly 'form-post': FormPostContext
  readonly done: DoneContext
  readonly error: ErrorContext
  readonly home: HomeContext
}

/** Pages on the way of an authorization: a web client may show them in a window it opened (see `PagesOptions.popupViews`). */
export const popupViews: readonly (keyof Views)[] = [
  'sign-in',
  'passkey',
  'second-factor',
  'stronger-sign-in',
  'consent',
  'confirm',
  'barred',
  'sign-out',
  'signed-out',
  'form-post',
  'done',
  'error',
]

/** Scripts in views/scripts/ by page. */
export const pageScripts: Readonly<Partial<Record<keyof Views, string>>> = {
  'sign-in': 'passkey',
  passkey: 'passkey',
  account: 'passkey',
  consent: 'decision-guard',
  confirm: 'decision-guard',
  'form-post': 'submit-form',
  ...connectScripts,
}
