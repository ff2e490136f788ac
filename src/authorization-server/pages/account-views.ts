/** Contexts of views/account.ejs: one frame, and in it blocks, one file in views/account/ each. */

/** The sections, as `account.sections` names them. */
export type AccountSectionName = 'overview' | 'profile'

/** What was done, as `account.notices` says it. */
export type AccountNotice = 'saved'

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

/** Every block by the name of its file. */
export interface AccountBlocks {
  readonly overview: OverviewBlock
  readonly language: LanguageBlock
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
