/**
 * What a client ID metadata document, and a key set it names, may say (CIMD draft §4, MCP authorization). Pure. What any client
 * may register is checked besides, by registration.ts and the engine.
 */

import type { JWK } from 'jose'
import { isOutsizedKey, maxKeys } from '../../oauth/public-keys.js'
import type { ClientMetadata } from '../../oauth/registration.js'
import { canParseUrl } from '../../oauth/url.js'
import { UntrustedFetchError } from '../../outbound/untrusted-fetch-error.js'
import { dropOperatorMembers } from './metadata-rules.js'

/** CIMD draft §8.7. */
export const maxDocumentBytes = 5_120
export const maxKeySetBytes = 65_536
/** Of all kinds and for all uses. */
const maxListedKeys = 50
const maxUrlLength = 2_000

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Members that clients write empty or null for want of a value count as left out. */
function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== ''
}

/** Fetched by a server. Links for people are dropped when they cannot be shown (oauth/displayed-metadata.ts), not refused. */
const fetchedMembers = ['jwks_uri', 'sector_identifier_uri'] as const

function isHttps(value: unknown): boolean {
  return typeof value === 'string' && value.length <= maxUrlLength && /^https:\/\//i.test(value) && canParseUrl(value)
}

/** Members of private and symmetric keys (RFC 7518 §6, draft-ietf-cose-dilithium for `priv`). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

function isPublicKey(key: unknown): boolean {
  return isObject(key) && key['kty'] !== 'oct' && privateMembers.every((member) => key[member] === undefined)
}

function isPublicKeySet(value: unknown): boolean {
  return isObject(value) && Array.isArray(value['keys']) && value['keys'].every(isPublicKey)
}

interface Rule {
  readonly says: string
  readonly holds: (document: ClientMetadata, url: string) => boolean
}

const sharedSecretMethods: readonly unknown[] = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']

const rules: readonly Rule[] = [
  // §4: simple string comparison.
  { says: 'client_id is the URL itself', holds: ({ client_id: id }, url) => id === url },
  // MCP authorization: required members.
  {
    says: 'client_name is text',
    holds: ({ client_name: name }) => typeof name === 'string' && name.trim() !== '',
  },
  { says: 'redirect_uris is a list', holds: ({ redirect_uris: uris }) => Array.isArray(uris) },
  // §4.1: there is no way to share a secret.
  {
    says: 'there is no shared secret',
    holds: (document) =>
      !('client_secret' in document) &&
      !('client_secret_expires_at' in document) &&
      !sharedSecretMethods.includes(document['token_endpoint_auth_method']),
  },
  { says: 'jwks holds public keys', holds: ({ jwks }) => !isGiven(jwks) || isPublicKeySet(jwks) },
  // RFC 7591 §2.
  { says: 'jwks and jwks_uri are not both given', holds: ({ jwks, jwks_uri: uri }) => !isGiven(jwks) || !isGiven(uri) },
  {
    says: 'URLs that a server fetches are https',
    holds: (document) => fetchedMembers.every((name) => !isGiven(document[name]) || isHttps(document[name])),
  },
]

function parseObject(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's message would quote the document.
    throw new UntrustedFetchError('the document is not JSON')
  }
  if (!isObject(value)) throw new UntrustedFetchError('the document is not a JSON object')
  return value
}

/**
 * The metadata in a document fetched from `url`, without what only the operator says. Throws UntrustedFetchError when it breaks a
 * rule; the message names the rule.
 */
export function parseMetadataDocument(url: string, text: string): ClientMetadata {
  const document = { ...parseObject(text) }
  const broken = rules.find((rule) => !rule.holds(document, url))
  if (broken !== undefined) throw new UntrustedFetchError(`the document breaks the rule that ${broken.says}`)
  dropOperatorMembers(document)
  return document
}

/** What the engine needs of a key to use it; keys of other kinds are for others. */
const neededMembers: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  RSA: ['e', 'n'],
}

function isUsable(key: Readonly<Record<string, unknown>>): boolean {
  const needed = neededMembers[String(key['kty'])]
  const optional = ['alg', 'kid', 'use'].filter((name) => key[name] !== undefined)
  return (
    needed !== undefined && [...needed, ...optional].every((name) => typeof key[name] === 'string' && key[name] !== '')
  )
}

/** The public keys in a key set (RFC 7517 §5); unknown kinds and outsized ones are left out. Throws when it holds a private or symmetric one. */
export function parseKeySet(text: string): readonly JWK[] {
  const set = parseObject(text)
  const keys: unknown = set['keys']
  if (!Array.isArray(keys) || keys.length > maxListedKeys)
    throw new UntrustedFetchError('the document is not a key set')
  if (!keys.every(isPublicKey)) throw new UntrustedFetchError('the key set holds keys that are not public')
  // Certificates are not used, and the engine is particular about their form.
  const usable = keys.filter((key) => isUsable(key) && !isOutsizedKey(key))
  if (usable.length > maxKeys) throw new UntrustedFetchError(`the key set holds more than ${maxKeys} keys`)
  return usable.map(({ x5c: _certificates, ...key }) => key as JWK)
}
