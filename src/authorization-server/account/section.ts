/**
 * What a section of the account area is made of. A section hangs in by one entry in sections.ts; several rooms may give it their parts.
 */
import type { HttpContext } from '../../http/context.js'
import type { Account } from '../../storage/accounts/accounts.js'
import type { Payload } from '../../storage/adapter-types.js'
import type { AccountBlock, AccountNotice, AccountSectionName } from '../pages/account-views.js'

/** A request of somebody who is signed in. */
export interface Visit {
  readonly ctx: HttpContext
  readonly account: Account
  readonly session: {
    readonly uid: string
    readonly payload: Payload
    /** When the person last proved who they are in this browser. Never how fresh a token is. */
    readonly provenAt: Date
    /** How they did (RFC 8176). */
    readonly methods: readonly string[]
  }
  /** For the `csrf` of each form. */
  readonly csrfToken: string
}

/** What adding, removing or changing a factor, an address or a password asks for: a proof not older than this. */
export const proofSeconds = 600

export type ActionOutcome =
  /** Back to the section's page, or to another one of the area. */
  | { readonly notice?: AccountNotice; readonly goTo?: string }
  /** The section's page once more, with this block in place of the one of its name. */
  | { readonly refused: AccountBlock; readonly status: number }
  /** The action wrote the answer itself. */
  | 'answered'

export interface AccountAction {
  /** Seconds. If the proof is older, the person proves who they are, and comes back to the section. */
  readonly provenWithin?: number
  run(visit: Visit, form: URLSearchParams): Promise<ActionOutcome>
}

export interface AccountPage {
  readonly provenWithin?: number
  show(visit: Visit): Promise<readonly AccountBlock[]>
}

/** A part of a section: what it adds to the page, the pages below it, and what its forms do. */
export interface SectionPart {
  show?(visit: Visit): Promise<readonly AccountBlock[]>
  /** By the segment behind the section's: `GET /account/<section>/<name>`. */
  readonly pages?: Readonly<Record<string, AccountPage>>
  /** `POST /account/<section>/<name>`. */
  readonly actions?: Readonly<Record<string, AccountAction>>
}

export interface AccountSection {
  /** `/account/<name>`, the overview `/account`. Its title: `account.sections.<name>`. */
  readonly name: AccountSectionName
  readonly parts: readonly SectionPart[]
}
