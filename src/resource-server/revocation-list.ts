/**
 * The revocations that a resource server knows: tokens to refuse although they are signed and unexpired. Bounded in memory; if it is full,
 * it refuses too many tokens rather than too few. revocation-feed.ts fills it.
 */
import { hash } from 'node:crypto'
import type { AccessToken, VerifierClock } from './access-token.js'

export type RevocationKind = 'grant' | 'grant-scopes' | 'token' | 'client' | 'account' | 'key'

export interface RevocationFact {
  readonly kind: RevocationKind
  /** For a grant, the claim `gid`; SHA-256 in base64url of a token's `jti`, a client's or an account's id, a key's `kid`. */
  readonly id: string
  /** Seconds since the epoch. Tokens of a client or account that were issued later are not affected. */
  readonly at: number
  /** Seconds since the epoch: after that, all affected tokens have expired. */
  readonly expiresAt: number
  /** Of `grant-scopes`: the resource whose tokens are meant. */
  readonly resource?: string | undefined
  /** Of `grant-scopes`: what tokens of the grant still have there, whenever they were issued. */
  readonly scopes?: readonly string[] | undefined
}

export interface RevocationListOptions {
  readonly clock: VerifierClock
  /**
   * Default 100 000. Beyond it the oldest entries are dropped, and all tokens issued up to their time are refused: clients get new ones,
   * and no revoked token passes.
   */
  readonly maxEntries?: number
}

export interface RevocationList {
  add(facts: readonly RevocationFact[]): void
  revokes(accessToken: AccessToken): boolean
  /** The token with the scopes that its grant still has: the same object if that was not narrowed. */
  narrowed(accessToken: AccessToken): AccessToken
  /** Number of entries. */
  readonly size: number
}

/** Tolerance for clock differences: a client that is removed and returns within this time has to request a token once more. */
const sameMomentSeconds = 1

const hashed = (value: string) => hash('sha256', value, 'base64url')

/** The keys under which a token may be in the list. */
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
  // A cached token is the same object each time.
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
      // Without `iat`, it could be from before the revocation.
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
