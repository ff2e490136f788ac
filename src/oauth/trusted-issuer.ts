/**
 * Identity providers whose assertions are exchanged for access tokens (Identity Assertion JWT Authorization Grant, the MCP
 * extension "enterprise-managed authorization"): what the operator says about each.
 */
import { unknownMembers } from './nearest-name.js'
import { canParseUrl } from './url.js'

/** Signatures that can be accepted: asymmetric ones. */
const signingAlgorithms = [
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
 * How an assertion's subject becomes an account: `linked` by a link made before, `email` also by the address of an existing
 * account, `create` also by making one. Each includes the ones before it, and a link once made always comes first.
 */
export type AccountMapping = 'linked' | 'email' | 'create'

const mappings: readonly AccountMapping[] = ['linked', 'email', 'create']

export interface TrustedIssuer {
  /** Exact `iss`. */
  readonly issuer: string
  /** Where its keys are; absent when they are given here. */
  readonly jwksUri?: string
  readonly jwks?: { readonly keys: readonly Readonly<Record<string, unknown>>[] }
  /** `client_id`s that may present its assertions; empty: every client that authenticates and that an assertion names. */
  readonly clients: readonly string[]
  readonly accounts: AccountMapping
  /** Domains, lower case, whose addresses it may speak for; needed by every mapping but `linked`. */
  readonly emailDomains: readonly string[]
  readonly algorithms: readonly string[]
  /** Longest time between `iat` and `exp`. */
  readonly maxLifetimeSeconds: number
}

type Entry = Readonly<Record<string, unknown>>

const members: ReadonlySet<string> = new Set(
  'issuer jwks_uri jwks clients accounts email_domains algorithms max_lifetime_seconds'.split(' '),
)

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

/** What is wrong with one entry, each in a sentence that names its member. */
function mistakesOf(entry: Entry): string[] {
  const { jwks_uri: jwksUri, jwks, clients, accounts = 'linked', email_domains: domains, algorithms } = entry
  const { max_lifetime_seconds: lifetime } = entry
  const found: readonly (readonly [boolean, string])[] = [
    [!isSecureUrl(entry['issuer']), 'issuer must be an https URL'],
    [(jwksUri === undefined) === (jwks === undefined), 'needs either jwks_uri or jwks'],
    [jwksUri !== undefined && !isSecureUrl(jwksUri), 'jwks_uri must be an https URL'],
    [jwks !== undefined && !isKeySet(jwks), 'jwks must hold public keys and no private member'],
    [clients !== undefined && !isListOfText(clients), 'clients must be a list of client_ids'],
    [!mappings.some((mapping) => mapping === accounts), `accounts must be one of ${mappings.join(', ')}`],
    [domains !== undefined && !isListOfText(domains), 'email_domains must be a list of domains'],
    [
      accounts !== 'linked' && !(isListOfText(domains) && domains.length > 0),
      'email_domains must say whose addresses it may speak for, unless accounts is linked',
    ],
    [
      algorithms !== undefined &&
        !(
          isListOfText(algorithms) &&
          algorithms.length > 0 &&
          algorithms.every((name) => signingAlgorithms.some((known) => known === name))
        ),
      `algorithms must be a list of ${signingAlgorithms.join(', ')}`,
    ],
    [
      lifetime !== undefined && !(Number.isInteger(lifetime) && Number(lifetime) >= 30 && Number(lifetime) <= 3600),
      'max_lifetime_seconds must be a whole number from 30 to 3600',
    ],
  ]
  return [...found.filter(([isWrong]) => isWrong).map(([, text]) => text), ...unknownMembers(entry, members)]
}

/** Only for an entry without mistakes. */
function toTrustedIssuer(entry: Entry): TrustedIssuer {
  const { issuer, jwks_uri: jwksUri, jwks, clients, accounts, email_domains: domains, algorithms } = entry
  const lifetime = entry['max_lifetime_seconds']
  return {
    issuer: String(issuer),
    ...(isSecureUrl(jwksUri) && { jwksUri }),
    ...(isKeySet(jwks) && { jwks }),
    clients: isListOfText(clients) ? clients : [],
    accounts: mappings.find((mapping) => mapping === accounts) ?? 'linked',
    emailDomains: isListOfText(domains) ? domains.map((domain) => domain.toLowerCase()) : [],
    algorithms: isListOfText(algorithms) ? algorithms : ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
    maxLifetimeSeconds: typeof lifetime === 'number' ? lifetime : 600,
  }
}

/** Reads the JSON list of TRUSTED_ASSERTION_ISSUERS. Throws one Error that names every mistake by its place in the list. */
export function parseTrustedIssuers(text: string): readonly TrustedIssuer[] {
  let list: unknown
  try {
    list = JSON.parse(text)
  } catch {
    throw new Error('must be JSON: a list of objects with issuer, jwks_uri or jwks, clients, accounts, email_domains')
  }
  if (!Array.isArray(list)) throw new Error('must be a JSON list')
  const entries: unknown[] = list
  const mistakes = entries.flatMap((entry, index) =>
    (isEntry(entry) ? mistakesOf(entry) : ['must be an object']).map((mistake) => `entry ${index + 1}: ${mistake}`),
  )
  const issuers = entries.filter(isEntry).map(({ issuer }) => issuer)
  if (new Set(issuers).size < issuers.length) mistakes.push('an issuer is named twice')
  if (mistakes.length > 0) throw new Error(`is wrong. ${mistakes.join('; ')}`)
  return entries.filter(isEntry).map(toTrustedIssuer)
}
