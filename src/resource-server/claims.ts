/** Turns the claims of a token or an introspection response into an AccessToken, with the checks that all kinds of verification share. */
import { futureToleranceSeconds } from '../oauth/clock-skew.js'
import { parseScope } from '../oauth/scope.js'
import { type AccessToken, invalidToken, userOf, type VerifierClock } from './access-token.js'

/** Rules for accepting a token, however it was verified. */
export interface TokenRules {
  /** Exact `iss`: the issuer identifier, no normalisation (RFC 9068 §4). */
  readonly issuer: string
  /** Canonical identifier of this resource; `aud` must hold it in this spelling (RFC 8707 §2), or one of the aliases. */
  readonly audience: string
  /** Further exact spellings of this resource, such as a former URL or one with a trailing slash. Default: none. */
  readonly audienceAliases?: readonly string[]
  readonly clock: VerifierClock
  /** How many seconds ago a token may have expired, because clocks differ; default 5. */
  readonly clockToleranceSeconds?: number
  /** How many seconds `iat` and `nbf` may be in the future, because this clock may lag behind the issuer's; default 60. */
  readonly futureToleranceSeconds?: number
  /** Accept tokens bound to a key (DPoP): only for a caller that checks proofs, as `authenticate` does. Default false. */
  readonly takesBoundTokens?: boolean
  /**
   * Tokens that clients got for themselves (`userOf` knows nobody). Default: taken; a JWT's `sub` must name the client then (RFC 9068
   * §2.2). `allow` also takes JWTs without any `sub`; `refuse` takes no such token. Does not recognise an issuer that gives its
   * clients subjects of another form: `checkClaims` can.
   */
  readonly tokensWithoutUser?: 'allow' | 'refuse'
  /**
   * Additional conditions of the resource, for example a tenant. Returns why the token is refused, for the log, or `undefined`. Called once
   * for each verification, so not again while the token is cached.
   */
  readonly checkClaims?: (accessToken: AccessToken) => string | undefined
}

/** Limits that differ between the kinds of verification. */
interface ClaimLimits {
  /** Maximum time until `exp`. */
  readonly maxLifetimeSeconds?: number
  /** `kid` of the key that signed them. */
  readonly keyId?: string | undefined
}

type Writable<T> = { -readonly [Name in keyof T]: T[Name] }

type Claims = Readonly<Record<string, unknown>>

const defaultClockToleranceSeconds = 5

function text(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value === '') throw invalidToken(`claim ${name} is not a string`)
  // Databases cannot store it, and code that truncates text at NUL would read a different name.
  if (value.includes('\0')) throw invalidToken(`claim ${name} holds U+0000`)
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

/** All accepted spellings of the audience. */
export function acceptedAudiences({ audience, audienceAliases = [] }: TokenRules): string[] {
  return [audience, ...audienceAliases]
}

function isForThis(named: readonly string[], { audience, audienceAliases }: TokenRules): boolean {
  return named.includes(audience) || (audienceAliases?.some((alias) => named.includes(alias)) ?? false)
}

const scopeClaims = ['scope', 'scopes', 'scp']

/** RFC 8693 §4.2 has `scope` as one string; some issuers use lists and other names. The first member that is present counts. */
function scopesOf(claims: Claims): readonly string[] {
  const name = scopeClaims.find((candidate) => claims[candidate] !== undefined)
  if (name === undefined) return []
  const value = claims[name]
  if (typeof value === 'string') return parseScope(value)
  const values: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!values.every((one) => typeof one === 'string')) throw invalidToken(`claim ${name} holds more than strings`)
  return parseScope(values.join(' '))
}

function checkTimes(claims: Claims, rules: TokenRules, limits: ClaimLimits): number {
  const {
    clock,
    clockToleranceSeconds = defaultClockToleranceSeconds,
    futureToleranceSeconds: future = futureToleranceSeconds,
  } = rules
  const now = Math.floor(clock.now().getTime() / 1000)
  const expiresAt = time(claims, 'exp')
  if (expiresAt === undefined) throw invalidToken('no exp')
  if (expiresAt <= now - clockToleranceSeconds) throw invalidToken('expired')
  const { maxLifetimeSeconds = Number.POSITIVE_INFINITY } = limits
  if (expiresAt > now + maxLifetimeSeconds + future) throw invalidToken('exp lies too far ahead')
  for (const name of ['nbf', 'iat']) {
    const value = time(claims, name)
    if (value === undefined || value <= now + future) continue
    const ahead = Math.ceil(value - now)
    throw invalidToken(`${name} lies ${ahead} s in the future: this clock is behind, or the issuer's is ahead`)
  }
  return expiresAt
}

/** `cnf.jkt`. Any other kind of confirmation (RFC 7800) cannot be checked here. */
function thumbprintOf({ cnf }: Claims, { takesBoundTokens }: TokenRules): string | undefined {
  if (cnf === undefined) return undefined
  if (takesBoundTokens !== true) throw invalidToken('bound to a key, and no proofs are checked here')
  const members = typeof cnf === 'object' && cnf !== null ? Object.entries(cnf) : []
  const [[name, value] = []] = members
  if (members.length !== 1 || name !== 'jkt' || typeof value !== 'string' || value === '') {
    throw invalidToken('bound in a way that cannot be checked here')
  }
  return value
}

function checkOwnRules(accessToken: AccessToken, { tokensWithoutUser, checkClaims }: TokenRules): void {
  if (tokensWithoutUser === 'refuse' && userOf(accessToken) === undefined) throw invalidToken('acts for no user')
  const reason = checkClaims?.(accessToken)
  if (reason !== undefined) throw invalidToken(reason)
}

/**
 * Checks audience, times, client and binding (RFC 9068 §4, RFC 7662 §2.2), then the resource's own rules. The client is `client_id`, or
 * `azp` if the issuer has only that. `iss` must match if present; the caller decides whether it is required.
 */
export function accessTokenFromClaims(claims: Claims, rules: TokenRules, limits: ClaimLimits = {}): AccessToken {
  const issuer = text(claims, 'iss')
  if (issuer !== undefined && issuer !== rules.issuer) throw invalidToken('another issuer')
  const audience = audienceOf(claims)
  if (!isForThis(audience, rules)) throw invalidToken('another audience')
  const expiresAt = checkTimes(claims, rules, limits)
  const keyThumbprint = thumbprintOf(claims, rules)
  const clientId = text(claims, 'client_id') ?? text(claims, 'azp')
  if (clientId === undefined) throw invalidToken('neither client_id nor azp')
  const subject = text(claims, 'sub')
  const tokenId = text(claims, 'jti')
  const accessToken: Writable<AccessToken> = {
    clientId,
    scopes: scopesOf(claims),
    expiresAt,
    audience,
    issuer: rules.issuer,
    claims,
  }
  if (subject !== undefined) accessToken.subject = subject
  if (tokenId !== undefined) accessToken.tokenId = tokenId
  if (keyThumbprint !== undefined) accessToken.keyThumbprint = keyThumbprint
  if (limits.keyId !== undefined) accessToken.keyId = limits.keyId
  checkOwnRules(accessToken, rules)
  return accessToken
}
