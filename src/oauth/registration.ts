/**
 * Normalises the metadata of real clients, from dynamic registration (RFC 7591) or a metadata document (CIMD). registration-rules.ts
 * decides what may be registered. Does not own storage, fetching or the engine's own checks.
 */
import { dropUnshowable, emailContacts } from './displayed-metadata.js'
import { type GrantSwitches, grantTypeNamed, grantTypes, isOn, isRefusedTo, usesNoRedirect } from './grant-types.js'
import { redirectKind } from './redirect-uri.js'

export type ClientMetadata = Record<string, unknown>

/** Metadata of a client with its identifier. */
export type NamedClientMetadata = ClientMetadata & { readonly client_id: string }

/** The origin of metadata: a stranger may register less than the operator. */
export interface MetadataOrigin extends GrantSwitches {
  /** Fetched from the URL that is the client_id (CIMD). */
  readonly isMetadataDocument: boolean
  /** From the registration endpoint or a metadata document. Not for stored metadata. */
  readonly isFromStranger: boolean
  /** Read from the database: it complied with the rules at the time of its registration. */
  readonly isStored?: boolean
  /** See `RegistrationRules`: links of a stranger's client to these hosts are dropped. */
  readonly ownUrls?: readonly string[] | undefined
}

export const offeredResponseTypes: readonly string[] = ['code']
export const offeredResponseModes: readonly string[] = ['query', 'fragment', 'form_post']

const maxListLength = 20
const maxEntryLength = 300

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
}

export function redirectUrisOf(metadata: ClientMetadata): string[] {
  return strings(metadata['redirect_uris'])
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** A list of strings of limited length. */
export function isTextList(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length > maxListLength) return false
  return value.every((entry) => typeof entry === 'string' && entry.length <= maxEntryLength)
}

/** Redirects that only work for a program on the person's own computer. */
export function isNativeRedirect(uri: string): boolean {
  const kind = redirectKind(uri)
  return kind === 'loopback' || kind === 'private-use'
}

function authenticates(metadata: ClientMetadata, { isMetadataDocument }: MetadataOrigin): boolean {
  // The default is client_secret_basic, which a metadata document cannot use.
  const { token_endpoint_auth_method: method = isMetadataDocument ? 'none' : 'client_secret_basic' } = metadata
  return method !== 'none' && !(isMetadataDocument && method === 'client_secret_basic')
}

function offeredTo(metadata: ClientMetadata, origin: MetadataOrigin): readonly string[] {
  const offered = origin.isFromStranger
    ? grantTypes
        .filter((grant) => isOn(grant, origin) && !isRefusedTo(grant, 'strangers'))
        .filter((grant) => !isRefusedTo(grant, 'public clients') || authenticates(metadata, origin))
    : grantTypes.filter((grant) => isOn(grant, origin) || grant.isKnownWhileOff === true)
  return offered.map(({ name }) => name)
}

/**
 * Drops values that this server does not support. A value that is not a list of strings, or a list without any supported value, stays and
 * is refused later.
 */
function keepOffered(metadata: ClientMetadata, name: string, offered: readonly string[]): void {
  const given = metadata[name]
  const kept = isTextList(given) ? given.filter((value) => offered.includes(value)) : []
  if (kept.length > 0) metadata[name] = kept
}

/**
 * A stored client whose only grant type was disabled since (DEVICE_FLOW) keeps its existing sign-ins; a new client without any supported
 * grant type is refused.
 */
function keepGrants(metadata: ClientMetadata, origin: MetadataOrigin): void {
  const offered = offeredTo(metadata, origin)
  const given = strings(metadata['grant_types'])
  const isSwitchedOff =
    given.length > 0 && given.every((grant) => grantTypeNamed(grant)?.isOn !== undefined && !offered.includes(grant))
  if (origin.isStored === true && isSwitchedOff) metadata['grant_types'] = ['refresh_token']
  else keepOffered(metadata, 'grant_types', offered)
}

/** For the operator's clients. A deceptive contact stays and is refused later. */
function keepEmailContacts(metadata: ClientMetadata): void {
  const { contacts } = metadata
  if (!isTextList(contacts) || contacts.some((contact) => /\p{C}/u.test(contact))) return
  const emails = emailContacts(contacts)
  if (emails.length > 0) metadata['contacts'] = emails
  else delete metadata['contacts']
}

/**
 * Normalises real clients' metadata, in place and idempotently. It removes empty and null members, unsupported grant and response types,
 * members that cannot be shown, and `scope`, which would limit the client permanently and break step-up. Loopback or private-use redirects
 * mean `native` (RFC 8252), which allows any loopback port. Runs on create, update and every load.
 */
export function normaliseMetadata(metadata: ClientMetadata, origin: MetadataOrigin): void {
  const onlyIntrospects =
    !origin.isFromStranger && metadata['introspects'] !== undefined && isEmptyList(metadata['grant_types'])
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null || value === '' || (isEmptyList(value) && name !== 'redirect_uris')) {
      delete metadata[name]
    }
  }
  delete metadata['scope']
  // For pairwise subjects, which this server does not support; the engine would fetch it. A value that is not an https URL stays and is
  // refused later.
  if (/^https:/i.test(String(metadata['sector_identifier_uri']))) delete metadata['sector_identifier_uri']
  const registeredGrants = strings(metadata['grant_types'])
  keepGrants(metadata, origin)
  keepOffered(metadata, 'response_types', offeredResponseTypes)
  if (origin.isFromStranger)
    dropUnshowable(metadata, { onlyHttps: origin.isMetadataDocument, ownUrls: origin.ownUrls ?? [] })
  else keepEmailContacts(metadata)
  // The default of `grant_types` is "authorization_code" (RFC 7591 §2), but a resource server may have none.
  if (onlyIntrospects) metadata['grant_types'] = []
  // The default of `response_types` is "code", which a client without redirects does not have.
  const usedNoRedirect = origin.isStored === true && usesNoRedirect(registeredGrants)
  if (onlyIntrospects || usedNoRedirect || usesNoRedirect(strings(metadata['grant_types']))) {
    metadata['response_types'] = []
    metadata['redirect_uris'] ??= []
  }
  if (redirectUrisOf(metadata).some(isNativeRedirect)) metadata['application_type'] = 'native'
  // A document is written for many servers, so unsupported values are dropped, whereas a registration would be refused.
  if (origin.isMetadataDocument) {
    keepOffered(metadata, 'response_modes', offeredResponseModes)
    delete metadata['default_acr_values']
  }
  // A metadata document cannot contain a secret, and the default method would make every such client confidential.
  if (origin.isMetadataDocument && metadata['token_endpoint_auth_method'] === 'client_secret_basic') {
    metadata['token_endpoint_auth_method'] = 'none'
  }
}

/**
 * Redirect URIs of clients that register as public and then fail without a secret (Perplexity). RFC 7591 §3.2.1 lets a server substitute
 * metadata, and a secret does no harm.
 */
const wantsSecretAnyway: ReadonlySet<string> = new Set(
  ['www.perplexity.ai', 'enterprise.perplexity.ai'].map((host) => `https://${host}/rest/connections/oauth_callback`),
)

/** True for a public registration that must get a secret nevertheless. */
export function expectsSecret(metadata: ClientMetadata): boolean {
  const isPublic = metadata['token_endpoint_auth_method'] === 'none'
  const redirectUris = redirectUrisOf(metadata)
  return isPublic && redirectUris.length > 0 && redirectUris.every((uri) => wantsSecretAnyway.has(uri))
}
