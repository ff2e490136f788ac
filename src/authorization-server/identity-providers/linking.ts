/**
 * Which account a person from another provider gets, and which page. The one place that decides; the rules are those that the known
 * takeovers taught (docs/guides/company-sign-in.md has the table). Pure.
 *
 * - An identity is `(iss, sub)`. A link, once made, is the only thing that counts.
 * - A link is made from a session that was proven again, or automatically if both sides verified the address and the operator declared the
 *   provider authoritative for its domain. An address that was not verified here may have been taken by a stranger ahead of its owner
 *   (CVE-2026-53516), one that was not verified there may be anybody's (CVE-2026-55216, CVE-2026-97175).
 */

interface KnownAccount {
  readonly id: string
  readonly isDisabled: boolean
}

export interface LinkingFacts {
  /** The account that the identity is linked to. */
  readonly linked?: KnownAccount | undefined
  /** The account with the address that the provider named. */
  readonly addressed?: (KnownAccount & { readonly isVerified: boolean }) | undefined
  /** The provider verified the address. */
  readonly isEmailVerified: boolean
  /** The operator says that the provider speaks for the address's domain. */
  readonly isAuthoritative: boolean
  readonly createsAccounts: boolean
  /** The account that is being connected, from a session that was proven again. */
  readonly connects?: string | undefined
}

export type LinkingOutcome =
  /** `links`: the link is new. */
  | { readonly kind: 'sign-in'; readonly accountId: string; readonly links: boolean }
  | { readonly kind: 'create' }
  | { readonly kind: 'connected'; readonly accountId: string; readonly links: boolean }
  /** Pages. Nothing is written, and nobody is signed in. */
  | { readonly kind: 'connect-first' | 'linked-elsewhere' | 'no-account' }

function connect({ linked }: LinkingFacts, accountId: string): LinkingOutcome {
  if (linked === undefined) return { kind: 'connected', accountId, links: true }
  return linked.id === accountId ? { kind: 'connected', accountId, links: false } : { kind: 'linked-elsewhere' }
}

export function decideLinking(facts: LinkingFacts): LinkingOutcome {
  const { linked, addressed, isEmailVerified, isAuthoritative, createsAccounts, connects } = facts
  if (connects !== undefined) return connect(facts, connects)
  // A disabled account gives the answer of no account at all.
  if (linked !== undefined)
    return linked.isDisabled ? { kind: 'no-account' } : { kind: 'sign-in', accountId: linked.id, links: false }
  if (addressed !== undefined) {
    if (!(addressed.isVerified && isEmailVerified && isAuthoritative)) return { kind: 'connect-first' }
    return addressed.isDisabled ? { kind: 'no-account' } : { kind: 'sign-in', accountId: addressed.id, links: true }
  }
  return createsAccounts && isEmailVerified ? { kind: 'create' } : { kind: 'no-account' }
}
