/**
 * API keys in place of access tokens, for programs that cannot do OAuth: `Authorization: Bearer ghk_…`. The operator of the MCP server
 * issues them, without any authorization server. Owns their format and verification, not their storage. A key is weaker than a token: it is
 * long-lived and not sender-constrained, and nobody consents to it. Off by default.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import {
  type AccessToken,
  invalidToken,
  type TokenVerifier,
  type VerifierClock,
  verificationUnavailable,
} from './access-token.js'

export interface ApiKeyRecord {
  /** The public part of the key. */
  readonly id: string
  /** `hashApiKey` of the whole key. */
  readonly keyHash: string
  /** `sub` of the person it acts for; absent: it acts for no person. */
  readonly subject?: string
  /** Canonical identifier of the resource that it is for; absent: for any that looks it up. */
  readonly resource?: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

export interface ApiKeyStore {
  /** The record with this id, expired or not. Called for every request, so that a removed key is refused at once. */
  find(id: string): Promise<ApiKeyRecord | undefined>
}

export interface ApiKeyOptions {
  readonly store: ApiKeyStore
  readonly clock: VerifierClock
  /** Canonical identifier of the resource, which issues the keys itself. */
  readonly resource: string
  /** Its former identifiers: keys for them are good. Default: none. */
  readonly aliases?: readonly string[] | undefined
}

/** `ghk_`, 12 characters of id and 43 of secret (256 bits): the prefix makes leaked keys easy to find. */
const form = /^ghk_([0-9a-z]{12})_([\w-]{43})$/

/** Formats a key. `id`: 12 digits and lower-case letters; `secret`: 32 random bytes in base64url. */
export function formatApiKey(id: string, secret: string): string {
  const key = `ghk_${id}_${secret}`
  if (!form.test(key)) throw new RangeError('an API key has an id of 12 and a secret of 43 characters')
  return key
}

/** SHA-256 in base64url: a key has 256 bits of entropy, so it needs no slow hash. */
export function hashApiKey(key: string): string {
  return hash('sha256', key, 'base64url')
}

function isSame(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right))
}

/**
 * Wraps a verifier: looks up what looks like an API key, and passes everything else to the verifier. A key becomes an access token of this
 * resource with the client `api-key:ID`. Wrap it around the token cache, not inside. A failing store gives `temporarily_unavailable`.
 */
export function takeApiKeys(
  verify: TokenVerifier,
  { store, clock, resource, aliases = [] }: ApiKeyOptions,
): TokenVerifier {
  return async (token): Promise<AccessToken> => {
    if (!token.startsWith('ghk_')) return verify(token)
    const id = form.exec(token)?.[1]
    if (id === undefined) throw invalidToken('not the form of an API key')
    const record = await store.find(id).catch((error: unknown) => {
      throw verificationUnavailable('API keys cannot be looked up', error)
    })
    if (record === undefined || !isSame(record.keyHash, hashApiKey(token))) throw invalidToken('no such API key')
    if (record.resource !== undefined && ![resource, ...aliases].includes(record.resource))
      throw invalidToken('an API key for another resource')
    if (record.expiresAt.getTime() <= clock.now().getTime()) throw invalidToken('the API key has expired')
    const clientId = `api-key:${id}`
    return {
      clientId,
      subject: record.subject ?? clientId,
      scopes: record.scopes,
      expiresAt: Math.floor(record.expiresAt.getTime() / 1000),
      audience: [resource],
      issuer: resource,
      claims: {},
    }
  }
}
