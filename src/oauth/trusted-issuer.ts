/**
 * Identity providers whose assertions are exchanged for access tokens (Identity Assertion JWT Authorization Grant, the MCP extension
 * "enterprise-managed authorization"), as the operator declares them.
 */
import { isOutsizedKey, rsaKeyRule } from './public-keys.js'
import { canParseUrl } from './url.js'

/** Algorithms that can be accepted: asymmetric ones. */
export const signingAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
] as const

/**
 * How an assertion's subject is mapped to an account: `linked` by an existing link, `email` also by the address of an existing account,
 * `create` also by creating one. Each includes the ones before it, and an existing link always takes precedence.
 */
export type AccountMapping = 'linked' | 'email' | 'create'

export const accountMappings = ['linked', 'email', 'create'] as const satisfies readonly AccountMapping[]

export interface TrustedIssuer {
  /** Exact `iss`. */
  readonly issuer: string
  /** URL of its keys; absent if the keys are given here. */
  readonly jwksUri?: string
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** `client_id`s that may present its assertions; empty: every client that authenticates and that an assertion names. */
  readonly clients: readonly string[]
  readonly accounts: AccountMapping
  /** Email domains in lower case that it may assert; required by every mapping except `linked`. */
  readonly emailDomains: readonly string[]
  readonly algorithms: readonly string[]
  /** Longest time between `iat` and `exp`. */
  readonly maxLifetimeSeconds: number
}

type Entry = Readonly<Record<string, unknown>>

const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

function isEntry(value: unknown): value is Entry {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isSecureUrl(value: unknown): value is string {
  if (typeof value !== 'string' || /[\s#\\]/.test(value) || !canParseUrl(value)) return false
  const { protocol, hostname, username, password } = new URL(value)
  if (username !== '' || password !== '') return false
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}

function isListOfText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string' && item !== '')
}

function isKeySet(value: unknown): value is { keys: Entry[] } {
  if (!isEntry(value) || !Array.isArray(value['keys']) || value['keys'].length === 0) return false
  return value['keys'].every(
    (key) => isEntry(key) && typeof key['kty'] === 'string' && !privateMembers.some((name) => name in key),
  )
}

/** A mistake in an entry: its member, and a sentence that names it. */
export interface IssuerMistake {
  /** Absent: the mistake concerns the whole entry. */
  readonly member?: string
  readonly text: string
}

/** Mistakes in an entry beyond the types of its members. */
export function issuerMistakes(entry: Entry): readonly IssuerMistake[] {
  const { issuer, jwks_uri: jwksUri, jwks, accounts = 'linked', email_domains: domains } = entry
  const found: readonly (readonly [boolean, string | undefined, string])[] = [
    [issuer !== undefined && !isSecureUrl(issuer), 'issuer', 'issuer must be an https URL'],
    [(jwksUri === undefined) === (jwks === undefined), undefined, 'needs either jwks_uri or jwks'],
    [jwksUri !== undefined && !isSecureUrl(jwksUri), 'jwks_uri', 'jwks_uri must be an https URL'],
    [jwks !== undefined && !isKeySet(jwks), 'jwks', 'jwks must hold public keys and no private member'],
    [isKeySet(jwks) && jwks.keys.some(isOutsizedKey), 'jwks', `jwks: ${rsaKeyRule}`],
    [
      accounts !== 'linked' && !(isListOfText(domains) && domains.length > 0),
      'accounts',
      'email_domains must say whose addresses it may speak for, unless accounts is linked',
    ],
  ]
  return found
    .filter(([isWrong]) => isWrong)
    .map(([, member, text]) => ({ text, ...(member !== undefined && { member }) }))
}

/** Only for an entry without mistakes. */
export function toTrustedIssuer(entry: Entry): TrustedIssuer {
  const { issuer, jwks_uri: jwksUri, jwks, clients, accounts, email_domains: domains, algorithms } = entry
  const lifetime = entry['max_lifetime_seconds']
  return {
    issuer: String(issuer),
    ...(isSecureUrl(jwksUri) && { jwksUri }),
    ...(isKeySet(jwks) && { jwks }),
    clients: isListOfText(clients) ? clients : [],
    accounts: accountMappings.find((mapping) => mapping === accounts) ?? 'linked',
    emailDomains: isListOfText(domains) ? domains.map((domain) => domain.toLowerCase()) : [],
    algorithms: isListOfText(algorithms) ? algorithms : ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
    maxLifetimeSeconds: typeof lifetime === 'number' ? lifetime : 600,
  }
}
