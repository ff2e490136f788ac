/** Contexts of views/account.ejs: one frame, and in it blocks, one file in views/account/ each. */
import type { Weakness } from '../accounts/password-rules.js'
import type { ConsentContext, ConsentScopeContext } from './consent-views.js'

/** The sections, as `account.sections` names them. */
export type AccountSectionName = 'overview' | 'security' | 'apps' | 'sessions' | 'profile'

/** What was done, as `account.notices` says it. */
export type AccountNotice =
  | 'password-changed'
  | 'saved'
  | 'disconnected'
  | 'gone'
  | 'passkey-added'
  | 'app-added'
  | 'factor-removed'
  | 'signed-out'
  | 'session-gone'
  | 'connected'
  | 'unlinked'

/** views/account/overview.ejs. */
export interface OverviewBlock {
  readonly email: string
  readonly name: string | undefined
  /** ISO 8601: when the person last proved who they are in this browser. */
  readonly provenAt: string
}

/** views/account/language.ejs: posts `language` (one of the languages, or '') and `csrf` to `action`. */
export interface LanguageBlock {
  readonly action: string
  /** BCP 47. */
  readonly languages: readonly string[]
  /** `undefined`: what the browser asks for. */
  readonly chosen: string | undefined
}

/** What the consent page showed of a client. */
export type ShownClient = Pick<ConsentContext['client'], 'name' | 'identity' | 'nameWarning'>

/** A program that the person connected: one authorization of one install. */
export interface ConnectionContext {
  readonly id: string
  readonly client: ShownClient
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    readonly scopes: readonly ConsentScopeContext[]
  }[]
  /** Of this server itself. */
  readonly scopes: readonly ConsentScopeContext[]
  /** ISO 8601. */
  readonly since: string
  readonly usedAt?: string | undefined
  readonly device?: string | undefined
  readonly network?: string | undefined
}

/** views/account/apps.ejs: posts `id` and `scope` to `saveAction`, `id` to `disconnectAction`, and `csrf` to both. */
export interface AppsBlock {
  readonly connections: readonly ConnectionContext[]
  readonly saveAction: string
  readonly disconnectAction: string
  readonly csrfToken: string
  /** Why the form of a connection was not taken. */
  readonly problem?: { readonly id: string; readonly kind: 'nothing-left' } | undefined
}

/** views/account/password.ejs: posts `current` (if asked for), `password` and `csrf` to `action`. */
export interface PasswordBlock {
  readonly action: string
  readonly email: string
  readonly asksForCurrent: boolean
  /** The shortest password that is taken. */
  readonly passwordLength: number
  readonly errors: {
    readonly current?: 'wrong-credentials' | 'too-many-attempts' | 'form-expired' | 'busy' | undefined
    readonly password?: Weakness | undefined
  }
}

/** views/account/sessions.ejs: posts `id` to `endAction`, `programs` to `everywhereAction`, and `csrf` to both. */
export interface SessionsBlock {
  readonly sessions: readonly {
    readonly id: string
    readonly isThis: boolean
    /** ISO 8601. */
    readonly since?: string | undefined
    readonly seenAt?: string | undefined
    readonly device?: string | undefined
    readonly network?: string | undefined
  }[]
  readonly endAction: string
  readonly everywhereAction: string
  readonly csrfToken: string
}

/** views/account/history.ejs. An event without words in `account.history` is not shown. */
export interface HistoryBlock {
  readonly events: readonly { readonly at: string; readonly type: string; readonly clientId?: string | undefined }[]
}

/** views/account/passkeys.ejs: posts `credential` and `name` to `addAction`, `id` (and `name`) to the others, and `csrf` to all. */
export interface PasskeysBlock {
  readonly passkeys: readonly {
    readonly id: string
    /** '' if the person gave none. */
    readonly name: string
    readonly isSynced: boolean
    /** ISO 8601. */
    readonly since: string
    readonly usedAt?: string | undefined
  }[]
  /** False where browsers offer no passkeys. */
  readonly isOffered: boolean
  /** What `navigator.credentials.create` is asked for, as JSON; absent: the person has to prove first who they are. */
  readonly options?: string | undefined
  readonly error?: 'not-added' | 'last-passkey' | undefined
  readonly addAction: string
  readonly renameAction: string
  readonly removeAction: string
}

/** Dark modules of a QR code, as the path of an SVG of `size` units. */
export interface QrCode {
  readonly size: number
  readonly path: string
}

/** views/account/app.ejs: posts `code` to `confirmAction`, and `csrf` to all. */
export interface AppBlock {
  /** ISO 8601; absent: no app is set up. */
  readonly since?: string | undefined
  /** Without a password no code is asked for. */
  readonly hasPassword: boolean
  /** An app that is being set up. Shown right after the press of the button only. */
  readonly setUp?: { readonly secret: string; readonly link: string; readonly qrCode: QrCode } | undefined
  readonly error?: 'wrong-code' | undefined
  readonly beginAction: string
  readonly confirmAction: string
  readonly removeAction: string
}

/** views/account/recovery-codes.ejs: posts `csrf` to `createAction`. */
export interface RecoveryCodesBlock {
  /** How many are left. */
  readonly left: number
  /** New ones, shown this once. */
  readonly codes: readonly string[]
  readonly createAction: string
}

/** views/account/providers.ejs: each button posts `provider` and `csrf` to one of the two. */
export interface ProvidersBlock {
  readonly providers: readonly { readonly id: string; readonly name: string; readonly isLinked: boolean }[]
  readonly connectAction: string
  readonly unlinkAction: string
  /** `last-way`: without it nobody could sign in to the account. */
  readonly error?: 'last-way' | undefined
}

/** Every block by the name of its file. */
export interface AccountBlocks {
  readonly overview: OverviewBlock
  readonly language: LanguageBlock
  readonly password: PasswordBlock
  readonly apps: AppsBlock
  readonly sessions: SessionsBlock
  readonly history: HistoryBlock
  readonly passkeys: PasskeysBlock
  readonly app: AppBlock
  readonly 'recovery-codes': RecoveryCodesBlock
  readonly providers: ProvidersBlock
}

export type AccountBlock = {
  readonly [Name in keyof AccountBlocks]: AccountBlocks[Name] & { readonly block: Name }
}[keyof AccountBlocks]

/** views/account.ejs. */
export interface AccountContext {
  readonly section: AccountSectionName
  readonly sections: readonly { readonly name: AccountSectionName; readonly href: string }[]
  /** Of whoever is signed in. */
  readonly email: string
  /** One of `AccountNotice`; another text is not shown. */
  readonly notice?: string | undefined
  readonly blocks: readonly AccountBlock[]
  /** Takes `csrf`. */
  readonly signOutAction: string
  readonly csrfToken: string
}
