/** Contexts of the pages on which a person decides: consent, confirm and barred. See views.ts. */
import type { ClientClass } from '../../oauth/declared-resource.js'
import type { ClientIdentity, NameWarning, RedirectTarget } from './shown-client.js'

export interface ToolContext {
  readonly title: string
  readonly name: string
  readonly destructive: boolean
}

export interface ConsentScopeContext {
  /** The scope value, for example `notes:read`. */
  readonly name: string
  /** What the form posts for it if that is not its name. */
  readonly value?: string | undefined
  /** Our own words for it, under `consent.ours`; absent for a scope of a resource, which brings its words along. */
  readonly ours?: string | undefined
  /** In words: "Read your notes". Of a scope of a resource. */
  readonly title: string
  readonly description?: string | undefined
  readonly destructive: boolean
  /** Ticked at first. A required scope is granted with any Allow, ticked or not. */
  readonly checked: boolean
  /**
   * The class of clients that may not have it here, or `person`: none of the person's groups may grant it. The box is disabled, and the page
   * says why.
   */
  readonly barredFor?: ClientClass | 'person' | undefined
  readonly alreadyGranted: boolean
  readonly required: boolean
  /** Titles of the scopes that come with this one. */
  readonly includes: readonly string[]
  /** The tools it unlocks. */
  readonly tools: readonly ToolContext[]
}

/**
 * Where a device code was asked for. `website`: by a page in a browser, or by a program that says so; `host` if it tells whose, `address` if
 * that is not of the person's own network. `near`: from that network.
 */
export type DeviceAsker =
  | { readonly kind: 'website'; readonly host: string | undefined; readonly address?: string }
  | { readonly kind: 'near' }
  | { readonly kind: 'elsewhere'; readonly address: string }

/**
 * views/consent.ejs: posts `scope` (one per ticked or required scope), `decision` (`allow`, `deny`, or `allow-read-only` when
 * `readOnly`), `seen` and `csrf` to `action`; "use another account" posts `csrf` to `switchAccountAction`.
 */
export interface ConsentContext {
  readonly client: {
    readonly name: string
    readonly identity: ClientIdentity
    readonly nameWarning?: NameWarning | undefined
    readonly uri?: string | undefined
    readonly policyUri?: string | undefined
    readonly termsUri?: string | undefined
  }
  /** Absent when a device waits instead of a redirect. */
  readonly redirect?: RedirectTarget | undefined
  /** Absent when only the identity is asked for (plain OIDC), and when there are several. */
  readonly resource?: { readonly name: string; readonly url: string } | undefined
  /** Several resources, each with its own scopes; absent when there are fewer. */
  readonly parts?: readonly ConsentPartContext[] | undefined
  /** Of the one resource and of this server itself; with several resources of this server alone. */
  readonly scopes: readonly ConsentScopeContext[]
  readonly account: { readonly email: string; readonly name?: string | undefined }
  /** How long the access lasts if it is not used; rounded to whole days, at least 1. */
  readonly lifetime: { readonly days: number }
  readonly action: string
  readonly switchAccountAction: string
  /** Where the person takes it away later. */
  readonly accountUrl: string
  readonly csrfToken: string
  /** Stands for the client as the page describes it, and for whom; posted back as `seen`, so that nobody allows what changed meanwhile. */
  readonly seen: string
  /** Offer the shortcut that grants nothing but reading. */
  readonly readOnly: boolean
  /** Offer to show the answer instead of sending it to loopback (`allow-hand-off`); or that, without what cannot be undone. */
  readonly handOff?: 'complete' | 'without-destructive' | undefined
  /** When the page was made, for the server alone: posted back as `shown`. A script adds `deliberate`. */
  readonly shown: string
  /** Why the page comes up again. */
  readonly problem?: DecisionProblem | undefined
  /** The page said that nothing new is ticked (`nothingNew`): posted back as `nothing-new`, and not said again. */
  readonly knowsNothingIsNew?: boolean | undefined
  /** Set when the person came by typing a device code (RFC 8628). */
  readonly device?:
    | {
        readonly userCode: string
        /** Absent if nobody knows. */
        readonly asker: DeviceAsker | undefined
      }
    | undefined
}

/** One of several resources that a request asks for. */
export interface ConsentPartContext {
  readonly name: string
  readonly url: string
  readonly description?: string | undefined
  readonly scopes: readonly ConsentScopeContext[]
}

/** Why a decision was not taken. */
export type DecisionProblem = 'tooEarly' | 'nothingTicked' | 'wrongNumber' | 'nothingNew'

/** views/confirm.ejs: asks once more about a decision that was not seen to be deliberate. Posts like the consent page. */
export interface ConfirmContext
  extends Pick<
    ConsentContext,
    'client' | 'redirect' | 'resource' | 'device' | 'action' | 'csrfToken' | 'seen' | 'shown' | 'problem'
  > {
  readonly decision: 'allow' | 'allow-read-only' | 'allow-hand-off'
  /** Three digits, to be typed where no script sees that the page can be read. Posted back as `number`. */
  readonly number: string
  /** What is allowed. */
  readonly scopes: readonly Pick<ConsentScopeContext, 'name' | 'value' | 'title' | 'destructive' | 'ours'>[]
  /** The same of several resources; absent when there are fewer. */
  readonly parts?: readonly ConsentPartContext[] | undefined
}

/** views/barred.ejs: the resources do not allow such a client, or the person, anything of what is asked for. Posts `csrf` to `action`, which ends the request. */
export interface BarredContext {
  readonly clientName: string
  /** Whom the rule is about. */
  readonly barredFor: ClientClass | 'person'
  /** Who is signed in: another account may be allowed it. */
  readonly account?: { readonly email: string } | undefined
  readonly switchAccountAction: string
  readonly resources: readonly {
    readonly name: string
    readonly url: string
    readonly scopes: readonly Pick<ConsentScopeContext, 'name' | 'title'>[]
  }[]
  readonly action: string
  readonly csrfToken: string
  readonly requestId: string
}
