/**
 * Identifiers of clients behind a front. Upstream every client has one redirect URI, the front's; where it really wants its people
 * back stands, as hashes, in the identifier itself, which the front signs. So a front remembers nothing and any replica can judge.
 */
import { createHmac, createSecretKey, hash, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { redirectKind } from '../oauth/redirect-uri.js'

export interface FrontClient {
  /** What the upstream server calls it. */
  readonly upstreamId: string
  /** As it registered; for the page that asks people. */
  readonly name: string
  /** True for a redirect URI it registered: exactly, but for the port of a loopback one (RFC 8252 §7.3). */
  allowsRedirect(uri: string): boolean
}

export interface FrontClients {
  identify(upstreamId: string, name: string, redirectUris: readonly string[]): string
  /** `undefined` for everything that this front did not make. */
  find(clientId: string): FrontClient | undefined
}

/** 128 bits: finding another URI with the same ones is not feasible. */
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
      // Compared as text too: base64url has several spellings of some bytes.
      if (surplus.length > 0 || given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined
      if (given.toString('base64url') !== signature) return undefined
      const parsed: unknown = JSON.parse(Buffer.from(facts, 'base64url').toString('utf8'))
      if (!isFacts(parsed)) return undefined
      const [upstreamId, name, hashes] = parsed
      return { upstreamId, name, allowsRedirect: (uri) => hashes.includes(redirectHash(uri)) }
    },
  }
}
