/** Turns the claims of a token or of an introspection answer into an AccessToken: the checks both ways of verifying share. */
import { parseScope } from '../oauth/scope.js'
import { type AccessToken, invalidToken } from './access-token.js'

export interface ClaimRules {
  /** Exact `iss`. */
  readonly issuer: string
  /** Canonical resource identifier that `aud` must hold. */
  readonly audience: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly clockToleranceSeconds: number
  /** Longest time an `exp` may lie ahead. */
  readonly maxLifetimeSeconds: number
  /** Whether the caller checks proofs of the key a token is bound to; if not, bound tokens are refused. */
  readonly takesBoundTokens: boolean
}

type Claims = Readonly<Record<string, unknown>>

function text(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw invalidToken(`claim ${name} is not a string`)
  return value
}

function time(claims: Claims, name: string): number | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isFinite(value)) throw invalidToken(`claim ${name} is not a number`)
  return value
}

function audienceOf({ aud }: Claims): readonly string[] {
  const values: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return values.filter((value) => typeof value === 'string')
}

function checkTimes(claims: Claims, rules: ClaimRules): number {
  const expiresAt = time(claims, 'exp')
  if (expiresAt === undefined) throw invalidToken('no exp')
  if (expiresAt <= rules.now - rules.clockToleranceSeconds) throw invalidToken('expired')
  if (expiresAt > rules.now + rules.maxLifetimeSeconds) throw invalidToken('exp lies too far ahead')
  for (const name of ['nbf', 'iat']) {
    const value = time(claims, name)
    if (value !== undefined && value > rules.now + rules.clockToleranceSeconds) {
      throw invalidToken(`${name} lies in the future`)
    }
  }
  return expiresAt
}

/** `cnf.jkt`. A confirmation of any other kind (RFC 7800) is one that nobody here could check. */
function thumbprintOf({ cnf }: Claims, { takesBoundTokens }: ClaimRules): string | undefined {
  if (cnf === undefined) return undefined
  if (!takesBoundTokens) throw invalidToken('bound to a key, and no proofs are checked here')
  const members = typeof cnf === 'object' && cnf !== null ? Object.entries(cnf) : []
  const [[name, value] = []] = members
  if (members.length !== 1 || name !== 'jkt' || typeof value !== 'string' || value === '') {
    throw invalidToken('bound in a way that cannot be checked here')
  }
  return value
}

/**
 * Checks audience, times, client and binding (RFC 9068 §4, RFC 7662 §2.2). `iss` must be equal when present; demanding it is the
 * caller's choice.
 */
export function accessTokenFromClaims(claims: Claims, rules: ClaimRules): AccessToken {
  const issuer = text(claims, 'iss')
  if (issuer !== undefined && issuer !== rules.issuer) throw invalidToken('another issuer')
  const audience = audienceOf(claims)
  if (!audience.includes(rules.audience)) throw invalidToken('another audience')
  const expiresAt = checkTimes(claims, rules)
  const keyThumbprint = thumbprintOf(claims, rules)
  const clientId = text(claims, 'client_id')
  if (clientId === undefined) throw invalidToken('no client_id')
  const subject = text(claims, 'sub')
  const tokenId = text(claims, 'jti')
  const scope = claims['scope']
  if (scope !== undefined && typeof scope !== 'string') throw invalidToken('claim scope is not a string')
  return {
    ...(subject !== undefined && { subject }),
    ...(tokenId !== undefined && { tokenId }),
    ...(keyThumbprint !== undefined && { keyThumbprint }),
    clientId,
    scopes: parseScope(scope),
    expiresAt,
    audience,
    issuer: rules.issuer,
    claims,
  }
}
