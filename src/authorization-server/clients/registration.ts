/**
 * What a client may register, by dynamic registration (RFC 7591) or metadata document (CIMD) alike: one normaliser, then one
 * table of rules that returns violations. Does not own storage, fetching or the engine's own schema checks, which follow.
 */
import { redirectKind } from '../../oauth/redirect-uri.js'

export type ClientMetadata = Record<string, unknown>

export interface RegistrationRules {
  /** Exact redirect URIs with private-use schemes that may be registered. */
  readonly allowedPrivateUseRedirects: ReadonlySet<string>
}

export interface Violation {
  /** Registered error code of RFC 7591 §3.2.2. */
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  /** Public; names the member, never its value. */
  readonly message: string
  /** Where the rule comes from. */
  readonly source: string
}

interface Rule {
  readonly error: Violation['error']
  readonly source: string
  readonly message: string
  readonly violates: (metadata: ClientMetadata, rules: RegistrationRules, origin: MetadataOrigin) => boolean
}

/** Where metadata comes from: a stranger may register less than the operator. */
export interface MetadataOrigin {
  /** Fetched from the URL that is the client_id (CIMD). */
  readonly isMetadataDocument: boolean
  /** Sent to the registration endpoint, or a metadata document. Not for what was stored before. */
  readonly isFromStranger: boolean
}

const offeredGrantTypes: readonly string[] = ['authorization_code', 'refresh_token', 'client_credentials']
/** A token without a person's consent is for clients that the operator registers (MCP client credentials extension). */
const grantTypesForStrangers: readonly string[] = ['authorization_code', 'refresh_token']
const offeredResponseTypes: readonly string[] = ['code']

const maxRedirectUris = 20
const maxUriLength = 2_000
const maxNameLength = 200
const maxDocumentLength = 16_384
const maxNesting = 8

/** Control characters, line and paragraph separators, and the marks that change the direction of text. */
const deceptiveCharacters = /[\p{Cc}\u2028\u2029\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/u

function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

/** Where the browser is sent after a sign-out. */
function signOutUrisOf(metadata: ClientMetadata): string[] {
  return strings(metadata['post_logout_redirect_uris'])
}

export function redirectUrisOf(metadata: ClientMetadata): string[] {
  return strings(metadata['redirect_uris'])
}

/** Redirects that only work for a program on the person's own computer. */
function isNativeRedirect(uri: string): boolean {
  const kind = redirectKind(uri)
  return kind === 'loopback' || kind === 'private-use'
}

/** Looks no deeper than `levels`: recursion over a stranger's nesting would overflow the stack. */
function nestsDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => nestsDeeperThan(levels - 1, member))
}

/** NUL, and halves of surrogate pairs: PostgreSQL keeps neither. JSON writes both as escapes. */
function holdsUnstorable(value: unknown): boolean {
  return /\\u(?:0000|d[89a-f])/.test(JSON.stringify(value))
}

/** Drops the values we do not offer. One that offers nothing we do stays as it is, for the engine to refuse. */
function keepOffered(metadata: ClientMetadata, name: string, offered: readonly string[]): void {
  const kept = strings(metadata[name]).filter((value) => offered.includes(value))
  if (kept.length > 0) metadata[name] = kept
}

/**
 * Makes real clients' metadata fit, in place and idempotently: empty and null members go, grants and responses we do not offer
 * go, `scope` goes (it would cap the client for good and break step-up), and loopback or private-use redirects mean `native`
 * (RFC 8252), whose loopback port is free. Runs on create, update and every load.
 */
export function normaliseMetadata(metadata: ClientMetadata, origin: MetadataOrigin): void {
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null || value === '' || (Array.isArray(value) && value.length === 0 && name !== 'redirect_uris')) {
      delete metadata[name]
    }
  }
  delete metadata['scope']
  keepOffered(metadata, 'grant_types', origin.isFromStranger ? grantTypesForStrangers : offeredGrantTypes)
  keepOffered(metadata, 'response_types', offeredResponseTypes)
  // Left out, `response_types` means "code" (RFC 7591 §2), which a client that sends nobody to us does not have.
  if (strings(metadata['grant_types']).join() === 'client_credentials') {
    metadata['response_types'] = []
    metadata['redirect_uris'] ??= []
  }
  if (redirectUrisOf(metadata).some(isNativeRedirect)) metadata['application_type'] = 'native'
  // A metadata document cannot hold a secret: the default method would make every such client confidential.
  if (origin.isMetadataDocument && metadata['token_endpoint_auth_method'] === 'client_secret_basic') {
    metadata['token_endpoint_auth_method'] = 'none'
  }
}

const rules: readonly Rule[] = [
  {
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §3.2.2',
    message: 'the metadata is too large, nests too deep or holds characters that are none',
    violates: (metadata) =>
      nestsDeeperThan(maxNesting, metadata) ||
      JSON.stringify(metadata).length > maxDocumentLength ||
      holdsUnstorable(metadata),
  },
  {
    error: 'invalid_redirect_uri',
    source: 'RFC 9700 §2.1',
    message: `at most ${maxRedirectUris} redirect_uris of at most ${maxUriLength} characters can be registered`,
    violates: (metadata) =>
      redirectUrisOf(metadata).length > maxRedirectUris ||
      redirectUrisOf(metadata).some((uri) => uri.length > maxUriLength),
  },
  {
    error: 'invalid_redirect_uri',
    source: 'RFC 9700 §2.1, RFC 8252 §7',
    message:
      'redirect_uris must be https, or http on localhost, 127.0.0.1 or [::1], without user, fragment or wildcard',
    violates: (metadata) => redirectUrisOf(metadata).some((uri) => redirectKind(uri) === 'forbidden'),
  },
  {
    error: 'invalid_redirect_uri',
    source: 'RFC 8252 §7.1',
    message: 'a redirect_uri with a private-use scheme must be on the allow-list (ALLOWED_PRIVATE_USE_REDIRECTS)',
    violates: (metadata, { allowedPrivateUseRedirects }) =>
      redirectUrisOf(metadata).some(
        (uri) => redirectKind(uri) === 'private-use' && !allowedPrivateUseRedirects.has(uri),
      ),
  },
  {
    error: 'invalid_client_metadata',
    source: 'OpenID Connect RP-Initiated Logout §3.1',
    message: 'post_logout_redirect_uris follow the rules of redirect_uris',
    violates: (metadata, { allowedPrivateUseRedirects }) =>
      signOutUrisOf(metadata).length > maxRedirectUris ||
      signOutUrisOf(metadata).some((uri) => {
        const kind = redirectKind(uri)
        return kind === 'forbidden' || (kind === 'private-use' && !allowedPrivateUseRedirects.has(uri))
      }),
  },
  {
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §2, RFC 9700 §4.16',
    message: `client_name must be plain text of at most ${maxNameLength} characters`,
    violates: ({ client_name: name }) =>
      name !== undefined && (typeof name !== 'string' || name.length > maxNameLength || deceptiveCharacters.test(name)),
  },
  {
    error: 'invalid_client_metadata',
    source: 'MCP client credentials extension',
    message: 'only clients that the operator registers can use client_credentials',
    violates: ({ grant_types: grants }, _rules, { isFromStranger }) =>
      isFromStranger && strings(grants).includes('client_credentials'),
  },
  {
    error: 'invalid_client_metadata',
    source: 'RFC 6749 §4.4',
    message: 'a public client cannot use client_credentials',
    violates: ({ token_endpoint_auth_method: method, grant_types: grants }) =>
      method === 'none' && strings(grants).includes('client_credentials'),
  },
]

/** Every rule that normalised metadata breaks; empty when it may be registered. */
export function violations(
  metadata: ClientMetadata,
  registrationRules: RegistrationRules,
  origin: MetadataOrigin,
): Violation[] {
  return rules
    .filter((rule) => rule.violates(metadata, registrationRules, origin))
    .map(({ error, message, source }) => ({ error, message, source }))
}
