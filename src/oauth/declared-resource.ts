/**
 * Protected resources as the operator declares them: one URL, or a family of URLs under a pattern, with the rules for their tokens and for
 * the scopes of client classes. The data may come from the file, a command or the settings.
 */

import type { IdentityProvider } from './identity-provider.js'
import type { ResourceDeclaration } from './resource.js'
import type { SignInLevel } from './sign-in-levels.js'
import type { TrustedIssuer } from './trusted-issuer.js'

/**
 * How well a client's identity is established: the operator's own client; a known product with a verified identity; a metadata document
 * with a redirect on its own host; any other client.
 */
export const clientClasses = ['operator', 'known', 'verified', 'registered'] as const

export type ClientClass = (typeof clientClasses)[number]

/** The scopes that a class of clients may request. */
export type ScopeCeiling = 'all' | 'none' | readonly string[]

/** The source of a declaration, which decides how it can be changed: `settings` is RESOURCE_URL. */
export type DeclarationSource = 'settings' | 'file' | 'command'

export interface TokenRules {
  readonly format: 'jwt' | 'opaque'
  /** Lifetime of access tokens, in seconds. */
  readonly ttlSeconds: number
  readonly dpop: 'optional' | 'required'
  /** Whether refresh tokens are issued. */
  readonly refresh: boolean
  /** Maximum age of the sign-in, in seconds, for a request for this resource. */
  readonly maxAuthAgeSeconds?: number | undefined
  /** How strong the sign-in has to be. */
  readonly acr?: SignInLevel | undefined
}

export interface DeclaredResource extends Omit<ResourceDeclaration, 'resource'> {
  /** Name in paths and commands: `tickets` of /connect/tickets. Unique. */
  readonly id: string
  /** The canonical identifier; for a family its pattern, in which each `*` matches one host label or one path segment. */
  readonly url: string
  readonly isPattern: boolean
  /** Our own MCP server serves its notes there. */
  readonly isNotes: boolean
  /** The resource of a request that names none. At most one; a single declared resource is the default automatically. */
  readonly isDefault: boolean
  readonly tokens: TokenRules
  readonly ceilings: Readonly<Record<ClientClass, ScopeCeiling>>
  /** By group, the scopes that its members may grant. Absent: everybody may grant every scope. */
  readonly access?: Readonly<Record<string, ScopeCeiling>> | undefined
  readonly source: DeclarationSource
  /** `gatehouse.yaml:12:5` of the entry (member ``) and of its members, for the log: `clients.registered`, `tokens.dpop`. */
  readonly places: Readonly<Record<string, string>>
}

/** People who may grant the same (groups.ts). */
export interface DeclaredGroup {
  /** As `access` and commands name it. Unique. */
  readonly name: string
  /** For people. */
  readonly title: string
  /** Addresses as accounts have them (email-address.ts). Further members are rows of the database. */
  readonly members: ReadonlySet<string>
  readonly source: DeclarationSource
  /** Of the entry (member ``) and of its members: `members.bo@example.test`. */
  readonly places: Readonly<Record<string, string>>
}

/** Who may make an account of their own. */
export interface SignUp {
  readonly policy: 'closed' | 'invite' | 'open' | 'domains'
  /** With `domains`: of the addresses. */
  readonly domains?: readonly string[] | undefined
}

export interface Declarations {
  readonly resources: readonly DeclaredResource[]
  readonly assertionIssuers: readonly TrustedIssuer[]
  /** Absent: none. */
  readonly groups?: readonly DeclaredGroup[] | undefined
  /** Where people may sign in instead of here. Absent: nowhere. */
  readonly identityProviders?: readonly IdentityProvider[] | undefined
  /** Absent: as sign-up.ts says. */
  readonly signUp?: SignUp | undefined
}

/**
 * The current declarations. The object stays the same until something changes and is then replaced, so that indexes can be cached by its
 * identity.
 */
export interface DeclarationsInForce {
  current(): Declarations
}

/** Every class of clients may request every scope. */
export const openCeilings: DeclaredResource['ceilings'] = {
  operator: 'all',
  known: 'all',
  verified: 'all',
  registered: 'all',
}

/** The default rules of tokens. */
export const defaultTokenRules: TokenRules = { format: 'jwt', ttlSeconds: 600, dpop: 'optional', refresh: true }

/** An id for paths, from a display name: `acme-tickets` of "Acme Tickets". `resource` if nothing of the name remains. */
export function resourceSlug(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return slug === '' ? 'resource' : slug
}

/** A declaration with defaults for all rules. */
export function declarationOf(
  { resource: url, ...described }: ResourceDeclaration,
  members: Partial<DeclaredResource> = {},
): DeclaredResource {
  return {
    ...described,
    id: resourceSlug(described.name),
    url,
    isPattern: false,
    isNotes: false,
    isDefault: false,
    tokens: defaultTokenRules,
    ceilings: openCeilings,
    source: 'settings',
    places: {},
    ...members,
  }
}

/** The declaration of the notes of Gatehouse's own MCP server, if any. */
export function notesIn({ resources }: Declarations): DeclaredResource | undefined {
  return resources.find(({ isNotes }) => isNotes)
}

/** Declarations that never change while the process runs. */
export function constantDeclarations(declarations: Declarations): DeclarationsInForce {
  return { current: () => declarations }
}

/** A value derived from the declarations, computed once per declarations object, on first use. */
export function derived<T>(inForce: DeclarationsInForce, make: (declarations: Declarations) => T): () => T {
  let kept: { readonly from: Declarations; readonly made: T } | undefined
  return () => {
    const from = inForce.current()
    if (kept?.from !== from) kept = { from, made: make(from) }
    return kept.made
  }
}
