/**
 * Identifiers of clients behind a front. Upstream, every client has one redirect URI, the front's. The client's own redirect URIs are in
 * its identifier, as hashes, signed by the front. So a front stores nothing, and any replica can verify them.
 */
import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { redirectKind } from '../oauth/redirect-uri.js'

export interface FrontClient {
  /** Its identifier at the upstream server. */
  readonly upstreamId: string
  /** The registered name, for the question page. */
  readonly name: string
  /** True for a registered redirect URI: exact, except for the port of a loopback URI (RFC 8252 §7.3). */
  allowsRedirect(uri: string): boolean
}

export interface FrontClients {
  identify(upstreamId: string, name: string, redirectUris: readonly string[]): string
  /** `undefined` for identifiers that this front did not issue. */
  find(clientId: string): FrontClient | undefined
}

/** 128 bits: a second preimage is infeasible. */
const hashLength = 22
const longestIdentifier = 4_096

function redirectHash(uri: string): string {
  const kept = redirectKind(uri) === 'loopback' ? uri.replace(/^(http:\/\/(?:\[::1\]|[^/:?]+)):\d+/i, '$1') : uri
  return hash('sha256', kept, 'base64url').slice(0, hashLength)
}

function isFacts(value: unknown): value is [string, string, string[]] {
  return Array.isArray(value) && value.length === 3 && typeof value[0] === 'string' && typeof value[1] === 'string'
}

/** A key for one purpose, from the front's secret. */
export function deriveKey(secret: string, purpose: string): KeyObject {
  const material = Buffer.from(secret, 'base64url')
  if (material.length < 32) throw new RangeError('the secret of a front must hold at least 32 bytes in base64url')
  return createSecretKey(Buffer.from(hkdfSync('sha256', material, '', `gatehouse issuer front: ${purpose}`, 32)))
}

export function createFrontClients(secret: string): FrontClients {
  const key = deriveKey(secret, 'client identifiers')
  const sign = (text: string) => createHmac('sha256', key).update(text).digest()
  return {
    identify: (upstreamId, name, redirectUris) => {
      const facts = Buffer.from(JSON.stringify([upstreamId, name, redirectUris.map(redirectHash)])).toString(
        'base64url',
      )
      return `${facts}.${sign(facts).toString('base64url')}`
    },
    find: (clientId) => {
      const [facts = '', signature = '', ...surplus] = clientId.length > longestIdentifier ? [] : clientId.split('.')
      const given = Buffer.from(signature, 'base64url')
      const expected = sign(facts)
      // Compared as text too, because base64url has several spellings of some bytes.
      if (surplus.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      if (given.toString('base64url') !== signature) return undefined
      const parsed: unknown = JSON.parse(Buffer.from(facts, 'base64url').toString('utf8'))
      if (!isFacts(parsed)) return undefined
      const [upstreamId, name, hashes] = parsed
      return { upstreamId, name, allowsRedirect: (uri) => hashes.includes(redirectHash(uri)) }
    },
  }
}
