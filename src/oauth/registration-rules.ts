/**
 * The rules for client metadata: one table for dynamic registration (RFC 7591), its updates (RFC 7592), metadata documents (CIMD) and the
 * operator's clients. Checks metadata after `normaliseMetadata`. The engine's own checks of each member follow.
 */

import {
  deceptiveCharacters,
  httpsUrlStart,
  isWebUrl,
  maxNameLength,
  maxTextLength,
  textLength,
  webUrlStart,
} from './displayed-metadata.js'
import { type GrantType, grantTypes, isOn } from './grant-types.js'
import { holdsUnstorable, nestsDeeperThan, someText } from './metadata-form.js'
import { registersOwnHost } from './own-hosts.js'
import { isOutsizedKey, keysOf, maxKeys, operatorsOwnKeys, rsaKeyRule } from './public-keys.js'
import { isLoopbackHost, redirectKind } from './redirect-uri.js'
import {
  type ClientMetadata,
  isNativeRedirect,
  isTextList,
  type MetadataOrigin,
  redirectUrisOf,
  strings,
} from './registration.js'

export interface RegistrationRules {
  /** Exact redirect URIs with private-use schemes that may be registered. */
  readonly allowedPrivateUseRedirects: ReadonlySet<string>
  /** URLs of the issuer and its resources; no stranger's client may have redirects to their hosts. Absent: none. */
  readonly ownUrls?: readonly string[] | undefined
}

export interface Violation {
  /** Name of the rule, for logs and lists. */
  readonly name: string
  /** Registered error code of RFC 7591 §3.2.2. */
  readonly error: 'invalid_redirect_uri' | 'invalid_client_metadata'
  /** Public; names the member, never its value. */
  readonly message: string
  /** Source of the rule. */
  readonly source: string
}

interface Rule extends Violation {
  /** Checked again at every load, because the operator's settings may have changed and codes are at risk. */
  readonly alsoWhenStored?: boolean
  readonly violates: (metadata: ClientMetadata, rules: RegistrationRules, origin: MetadataOrigin) => boolean
}

const maxRedirectUris = 20
const maxUriLength = 2_000
const maxDocumentLength = 16_384
const maxNesting = 8
/** Limit of a stranger's registration in the database. Known clients send at most 421 bytes. */
export const maxRegistrationBytes = 4_096

/** Shown to people as links, or opened by them. */
const linkMembers = ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri', 'initiate_login_uri'] as const
/** Fetched by this server, which contacts strangers by https only. */
const fetchedMembers = ['jwks_uri', 'sector_identifier_uri'] as const
/** Lists of URIs that have their own rules. */
const uriLists: ReadonlySet<string> = new Set(['redirect_uris', 'post_logout_redirect_uris'])

/** Every member except keys is a string, a number, a boolean or a short list of strings. */
function isPlainMember([name, value]: [string, unknown]): boolean {
  if (name === 'jwks' || uriLists.has(name)) return true
  if (typeof value === 'string') return value.length <= maxTextLength
  return Array.isArray(value) ? isTextList(value) : typeof value !== 'object'
}

/** A stranger's client: one that registers now, or one that was stored and that the operator did not make. */
function isStrangers(metadata: ClientMetadata, { isFromStranger, isStored }: MetadataOrigin): boolean {
  return isFromStranger || (isStored === true && metadata['made_by_operator'] !== true)
}

function leadsAstray(uri: string, { allowedPrivateUseRedirects }: RegistrationRules): boolean {
  const kind = redirectKind(uri)
  return kind === 'forbidden' || (kind === 'private-use' && !allowedPrivateUseRedirects.has(uri))
}

/** The engine accepts no https redirect on loopback for a native client. */
function isHttpsOnLoopback(uri: string): boolean {
  return redirectKind(uri) === 'https' && isLoopbackHost(new URL(uri).hostname)
}

function keepUsable(metadata: ClientMetadata, name: string, isUsable: (uri: string) => boolean): void {
  const given = metadata[name]
  const usable = strings(given).filter(isUsable)
  // A list with anything but strings is malformed, and refused.
  const isText = Array.isArray(given) && given.every((uri) => typeof uri === 'string')
  if (isText && usable.length > 0) metadata[name] = usable
}

/**
 * Removes the redirect URIs that may not be registered if at least one may be (RFC 7591 §3.2.1), in place; the same for
 * `post_logout_redirect_uris`. If none may be, they stay and are refused later. Call before `normaliseMetadata`, which derives
 * `application_type` from the rest. For strangers' metadata, not for the operator's clients.
 */
export function keepUsableRedirects(metadata: ClientMetadata, registrationRules: RegistrationRules): void {
  const { ownUrls = [] } = registrationRules
  const isUsable = (uri: string) =>
    uri.length <= maxUriLength && !leadsAstray(uri, registrationRules) && !registersOwnHost(uri, ownUrls)
  keepUsable(metadata, 'redirect_uris', isUsable)
  keepUsable(metadata, 'post_logout_redirect_uris', isUsable)
  const redirects = redirectUrisOf(metadata)
  const isNative = metadata['application_type'] === 'native' || redirects.some(isNativeRedirect)
  if (isNative && redirects.some(isHttpsOnLoopback)) {
    keepUsable(metadata, 'redirect_uris', (uri) => !isHttpsOnLoopback(uri))
  }
}

type Judge = (metadata: ClientMetadata, grant: GrantType, origin: MetadataOrigin) => boolean

const refuses: Readonly<Record<GrantType['refused'][number]['of'], Judge>> = {
  strangers: (_metadata, _grant, { isFromStranger }) => isFromStranger,
  'public clients': ({ token_endpoint_auth_method: method }) => method === 'none',
  off: (_metadata, grant, origin) => origin.isFromStranger && !isOn(grant, origin),
}

/** The rules of each grant type about clients that may not have it. */
const grantRules: readonly Rule[] = grantTypes.flatMap((grant) =>
  grant.refused.map(({ of, ...rule }) => ({
    ...rule,
    error: 'invalid_client_metadata',
    violates: (metadata, _rules, origin) =>
      strings(metadata['grant_types']).includes(grant.name) && refuses[of](metadata, grant, origin),
  })),
)

function isOversized(metadata: ClientMetadata): boolean {
  return nestsDeeperThan(maxNesting, metadata) || JSON.stringify(metadata).length > maxDocumentLength
}

const rules: readonly Rule[] = [
  {
    name: 'size',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §5',
    message: 'the metadata is too large, nests too deep or holds characters that are none',
    violates: (metadata) => isOversized(metadata) || holdsUnstorable(metadata),
  },
  {
    name: 'redirect-uri-count',
    error: 'invalid_redirect_uri',
    source: 'RFC 9700 §2.1',
    message: `at most ${maxRedirectUris} redirect_uris of at most ${maxUriLength} characters can be registered`,
    violates: (metadata) =>
      redirectUrisOf(metadata).length > maxRedirectUris ||
      redirectUrisOf(metadata).some((uri) => uri.length > maxUriLength),
  },
  {
    name: 'redirect-uri-forbidden',
    error: 'invalid_redirect_uri',
    source: 'RFC 9700 §2.1, RFC 8252 §7',
    message:
      'redirect_uris must be https, or http on localhost, 127.0.0.1 or [::1], without user, fragment or wildcard',
    alsoWhenStored: true,
    violates: (metadata) => redirectUrisOf(metadata).some((uri) => redirectKind(uri) === 'forbidden'),
  },
  {
    name: 'redirect-uri-private-use',
    error: 'invalid_redirect_uri',
    source: 'RFC 8252 §7.1',
    message: 'a redirect_uri with a private-use scheme must be on the allow-list (ALLOWED_PRIVATE_USE_REDIRECTS)',
    alsoWhenStored: true,
    violates: (metadata, { allowedPrivateUseRedirects }) =>
      redirectUrisOf(metadata).some(
        (uri) => redirectKind(uri) === 'private-use' && !allowedPrivateUseRedirects.has(uri),
      ),
  },
  {
    name: 'redirect-uri-own-host',
    error: 'invalid_redirect_uri',
    source: 'RFC 9700 §4.1',
    message:
      'redirect_uris and post_logout_redirect_uris must not be on a host of this server or its resources: only its operator can add such a client (gatehouse.yaml)',
    alsoWhenStored: true,
    violates: (metadata, { ownUrls = [] }, origin) =>
      isStrangers(metadata, origin) &&
      [...redirectUrisOf(metadata), ...strings(metadata['post_logout_redirect_uris'])].some((uri) =>
        registersOwnHost(uri, ownUrls),
      ),
  },
  {
    name: 'post-logout-redirect-uris',
    error: 'invalid_client_metadata',
    source: 'OpenID Connect RP-Initiated Logout §3.1',
    message: 'post_logout_redirect_uris follow the rules of redirect_uris',
    alsoWhenStored: true,
    violates: ({ post_logout_redirect_uris: uris }, registrationRules) =>
      strings(uris).length > maxRedirectUris ||
      strings(uris).some((uri) => uri.length > maxUriLength || leadsAstray(uri, registrationRules)),
  },
  {
    name: 'client-name',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §2, RFC 9700 §4.16',
    message: `client_name must be plain text of at most ${maxNameLength} characters`,
    violates: ({ client_name: name }) =>
      name !== undefined &&
      (typeof name !== 'string' || textLength(name) > maxNameLength || deceptiveCharacters.test(name)),
  },
  {
    name: 'member-form',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §2',
    message: `members are text of at most ${maxTextLength} characters or short lists of text, and a key set has at most ${maxKeys} keys`,
    violates: (metadata) => !Object.entries(metadata).every(isPlainMember) || keysOf(metadata.jwks).length > maxKeys,
  },
  {
    name: 'key-size',
    error: 'invalid_client_metadata',
    source: 'RFC 7518 §3.3',
    message: rsaKeyRule,
    alsoWhenStored: true,
    violates: (metadata) => keysOf(metadata.jwks).some(isOutsizedKey),
  },
  {
    name: 'deceptive-text',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §5, RFC 9700 §4.16',
    message: 'no member may hold control characters, invisible ones or marks that change the reading order',
    // Redirect URIs have their own rules, and too deep nesting is refused by another rule.
    violates: ({ redirect_uris: _, ...metadata }) =>
      !nestsDeeperThan(maxNesting, metadata) && someText(metadata, (text) => deceptiveCharacters.test(text)),
  },
  {
    name: 'link',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §2',
    message: `${linkMembers.join(', ')} must be http or https URLs without user`,
    violates: (metadata) =>
      linkMembers.some((name) => metadata[name] !== undefined && !isWebUrl(metadata[name], webUrlStart)),
  },
  {
    name: 'fetched-url',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §5',
    message: `${fetchedMembers.join(' and ')} must be https URLs without user`,
    violates: (metadata, _rules, { isFromStranger }) =>
      fetchedMembers.some(
        (name) =>
          metadata[name] !== undefined &&
          !isWebUrl(metadata[name], httpsUrlStart) &&
          (isFromStranger || !isWebUrl(metadata[name], operatorsOwnKeys)),
      ),
  },
  ...grantRules,
  {
    name: 'pkce-of-public-client',
    error: 'invalid_client_metadata',
    source: 'OAuth 2.1 §7.5.1',
    message: 'require_pkce can be false only for a client that authenticates',
    alsoWhenStored: true,
    violates: ({ token_endpoint_auth_method: method, require_pkce: isRequired }, _rules, { isFromStranger }) =>
      !isFromStranger && isRequired === false && method === 'none',
  },
  {
    name: 'consent-of-unproven-client',
    error: 'invalid_client_metadata',
    source: 'RFC 8252 §8.6',
    message:
      'consent must be ask for a public client with a loopback or private-use redirect_uri: anybody can use its client_id',
    alsoWhenStored: true,
    violates: (metadata, _rules, { isFromStranger }) =>
      !isFromStranger &&
      metadata['consent'] !== undefined &&
      metadata['consent'] !== 'ask' &&
      metadata['token_endpoint_auth_method'] === 'none' &&
      redirectUrisOf(metadata).some((uri) => redirectKind(uri) !== 'https'),
  },
  {
    name: 'registration-size',
    error: 'invalid_client_metadata',
    source: 'RFC 7591 §5',
    message: `a registration has at most ${maxRegistrationBytes} bytes of metadata, with the defaults that are filled in`,
    violates: (metadata, _rules, { isFromStranger, isMetadataDocument }) =>
      isFromStranger &&
      !isMetadataDocument &&
      !isOversized(metadata) &&
      Buffer.byteLength(JSON.stringify(metadata)) > maxRegistrationBytes,
  },
]

/** Every rule that normalised metadata breaks; empty if it may be registered or used. */
export function violations(
  metadata: ClientMetadata,
  registrationRules: RegistrationRules,
  origin: MetadataOrigin,
): Violation[] {
  return rules
    .filter((rule) => rule.alsoWhenStored === true || origin.isStored !== true)
    .filter((rule) => rule.violates(metadata, registrationRules, origin))
    .map(({ name, error, message, source }) => ({ name, error, message, source }))
}
