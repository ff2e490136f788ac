/**
 * The revocations that a resource server knows: tokens to refuse although they are signed and unexpired. Bounded in memory; if it
 * must forget, it refuses more rather than less. revocation-feed.ts fills it.
 */
import { hash } from 'node:crypto'
import type { AccessToken, VerifierClock } from './access-token.js'

export type RevocationKind = 'grant' | 'grant-scopes' | 'token' | 'client' | 'account' | 'key'

export interface RevocationFact {
  readonly kind: RevocationKind
  /** A grant's as tokens claim it (`gid`); SHA-256 in base64url of a token's `jti`, a client's or an account's id, a key's `kid`. */
  readonly id: string
  /** Seconds since the epoch. Tokens of a client or account that were issued later are not meant. */
  readonly at: number
  /** Seconds since the epoch: from then on no token lives that is meant. */
  readonly expiresAt: number
  /** Of `grant-scopes`: the resource whose tokens are meant. */
  readonly resource?: string | undefined
  /** Of `grant-scopes`: what tokens of the grant still have there, whenever they were issued. */
  readonly scopes?: readonly string[] | undefined
}

export interface RevocationListOptions {
  readonly clock: VerifierClock
  /**
   * Default 100 000. Beyond it the oldest facts are dropped, and with them all tokens issued up to their time are refused: clients
   * get new ones, and nothing that was revoked passes.
   */
  readonly maxEntries?: number
}

export interface RevocationList {
  add(facts: readonly RevocationFact[]): void
  revokes(accessToken: AccessToken): boolean
  /** The token with the scopes that its grant still has: the same object if that was not narrowed. */
  narrowed(accessToken: AccessToken): AccessToken
  /** Facts kept. */
  readonly size: number
}

/** Clocks that differ: a client that was removed and came back within this time has to ask for a token once more. */
const sameMomentSeconds = 1

const hashed = (value: string) => hash('sha256', value, 'base64url')

/** Under which keys a token may be in the list. */
function keysOf({
  claims,
  tokenId,
  clientId,
  subject,
  keyId,
}: AccessToken): readonly (readonly [RevocationKind, string])[] {
  const { gid } = claims
  return [
    ...(typeof gid === 'string' ? [['grant', gid] as const] : []),
    ...(tokenId === undefined ? [] : [['token', hashed(tokenId)] as const]),
    ['client', hashed(clientId)],
    ...(subject === undefined ? [] : [['account', hashed(subject)] as const]),
    ...(keyId === undefined ? [] : [['key', hashed(keyId)] as const]),
  ]
}

function keyOf({ kind, id, resource }: RevocationFact): string {
  return kind === 'grant-scopes' ? `${kind} ${id} ${resource}` : `${kind} ${id}`
}

/** A grant never widens: of two narrowings, in whatever order they arrive, what is in both is left. */
function joined(known: RevocationFact | undefined, fact: RevocationFact): RevocationFact {
  if (known?.scopes === undefined || fact.scopes === undefined) return fact
  const { scopes } = fact
  return { ...fact, scopes: known.scopes.filter((scope) => scopes.includes(scope)) }
}

function withScopes(accessToken: AccessToken, kept: readonly string[]): AccessToken {
  const scopes = accessToken.scopes.filter((scope) => kept.includes(scope))
  return { ...accessToken, scopes, claims: { ...accessToken.claims, scope: scopes.join(' ') } }
}

export function createRevocationList({ clock, maxEntries = 100_000 }: RevocationListOptions): RevocationList {
  const facts = new Map<string, RevocationFact>()
  // A token that is verified from a cache is the same object each time.
  const keys = new WeakMap<AccessToken, readonly (readonly [RevocationKind, string])[]>()
  const narrowedTokens = new WeakMap<
    AccessToken,
    { readonly by: readonly RevocationFact[]; readonly token: AccessToken }
  >()
  let narrowings = 0
  let refusedUntil = Number.NEGATIVE_INFINITY

  function makeRoom(): void {
    const now = clock.now().getTime() / 1000
    for (const [key, { at, expiresAt }] of facts) {
      if (expiresAt > now) {
        if (facts.size <= maxEntries) return
        refusedUntil = Math.max(refusedUntil, at)
      }
      facts.delete(key)
    }
  }

  return {
    get size() {
      return facts.size
    },
    add: (added) => {
      for (const fact of added) {
        const key = keyOf(fact)
        facts.set(key, joined(facts.get(key), fact))
        if (fact.kind === 'grant-scopes') narrowings += 1
      }
      if (added.length > 0) makeRoom()
    },
    narrowed: (accessToken) => {
      const { gid } = accessToken.claims
      if (narrowings === 0 || typeof gid !== 'string') return accessToken
      const by = accessToken.audience.flatMap((resource) => facts.get(`grant-scopes ${gid} ${resource}`) ?? [])
      if (by.length === 0) return accessToken
      const known = narrowedTokens.get(accessToken)
      if (known !== undefined && known.by.length === by.length && known.by.every((fact, at) => fact === by[at]))
        return known.token
      const token = by.reduce((left, { scopes = [] }) => withScopes(left, scopes), accessToken)
      narrowedTokens.set(accessToken, { by, token })
      return token
    },
    revokes: (accessToken) => {
      if (facts.size === 0 && refusedUntil === Number.NEGATIVE_INFINITY) return false
      const { iat } = accessToken.claims
      // Without a time it could be from before.
      const issuedAt = typeof iat === 'number' ? iat : Number.NEGATIVE_INFINITY
      if (issuedAt <= refusedUntil + sameMomentSeconds) return true
      let ofToken = keys.get(accessToken)
      if (ofToken === undefined) {
        ofToken = keysOf(accessToken)
        keys.set(accessToken, ofToken)
      }
      return ofToken.some(([kind, id]) => {
        const fact = facts.get(`${kind} ${id}`)
        if (fact === undefined) return false
        const mayComeBack = kind === 'client' || kind === 'account'
        return !mayComeBack || issuedAt <= fact.at + sameMomentSeconds
      })
    },
  }
}
