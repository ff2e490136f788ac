/**
 * Protected resources as the operator declares them: one URL, or a family of URLs under a pattern, with the rules for their tokens and
 * for who may ask for what. Data, wherever it came from: the file, a command or the settings.
 */

import type { IdentityProvider } from './identity-provider.js'
import type { ResourceDeclaration } from './resource.js'
import type { TrustedIssuer } from './trusted-issuer.js'

/**
 * How far a client's identity goes: the operator's own; a known product whose identity was proven; a client document whose redirect is on
 * the document's own host; everything else.
 */
export const clientClasses = ['operator', 'known', 'verified', 'registered'] as const

export type ClientClass = (typeof clientClasses)[number]

/** The scopes that a class of clients may ask for. */
export type ScopeCeiling = 'all' | 'none' | readonly string[]

/** Where a declaration came from, and who may therefore change it: `settings` is RESOURCE_URL. */
export type DeclarationSource = 'settings' | 'file' | 'command'

export interface TokenRules {
  readonly format: 'jwt' | 'opaque'
  /** Lifetime of access tokens, in seconds. */
  readonly ttlSeconds: number
  readonly dpop: 'optional' | 'required'
  /** Whether refresh tokens are issued. */
  readonly refresh: boolean
  /** The oldest sign-in, in seconds, with which this resource may be asked for. */
  readonly maxAuthAgeSeconds?: number | undefined
}

export interface DeclaredResource extends Omit<ResourceDeclaration, 'resource'> {
  /** Name in paths and commands: `tickets` of /connect/tickets. Unique. */
  readonly id: string
  /** The canonical identifier; of a family its pattern, in which each `*` stands for one host label or one path segment. */
  readonly url: string
  readonly isPattern: boolean
  /** Our own MCP server serves its notes there. */
  readonly isNotes: boolean
  /** What a client means that names no resource. One at most; a single declared resource is it without saying so. */
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

export interface Declarations {
  readonly resources: readonly DeclaredResource[]
  readonly assertionIssuers: readonly TrustedIssuer[]
  /** Absent: none. */
  readonly groups?: readonly DeclaredGroup[] | undefined
  /** Where people may sign in instead of here. Absent: nowhere. */
  readonly identityProviders?: readonly IdentityProvider[] | undefined
}

/** What is in force now. The same object until something changes, then another whole one, so that an index can be kept by its identity. */
export interface DeclarationsInForce {
  current(): Declarations
}

/** Every class of clients may ask for every scope. */
export const openCeilings: DeclaredResource['ceilings'] = {
  operator: 'all',
  known: 'all',
  verified: 'all',
  registered: 'all',
}

/** The rules of tokens that nobody wrote down. */
export const defaultTokenRules: TokenRules = { format: 'jwt', ttlSeconds: 600, dpop: 'optional', refresh: true }

/** A name for paths, from a name for people: `acme-tickets` of "Acme Tickets". `resource` if nothing of the name is left. */
export function resourceSlug(name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
  const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '')
  return slug === '' ? 'resource' : slug
}

/** A resource that is declared with nothing but what it is. */
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

/** Of the notes that our own MCP server serves, if they are declared. */
export function notesIn({ resources }: Declarations): DeclaredResource | undefined {
  return resources.find(({ isNotes }) => isNotes)
}

/** What never changes while the process runs. */
export function constantDeclarations(declarations: Declarations): DeclarationsInForce {
  return { current: () => declarations }
}

/** What is made from the declarations: made once for each whole of them, when it is asked for. */
export function derived<T>(inForce: DeclarationsInForce, make: (declarations: Declarations) => T): () => T {
  let kept: { readonly from: Declarations; readonly made: T } | undefined
  return () => {
    const from = inForce.current()
    if (kept?.from !== from) kept = { from, made: make(from) }
    return kept.made
  }
}
