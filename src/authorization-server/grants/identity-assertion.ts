/**
 * What an identity assertion (Identity Assertion JWT Authorization Grant, `oauth-id-jag+jwt`) must say, once its signature is
 * known to be good. Pure: time and expectations are arguments. Does not own keys, single use or accounts.
 */
import { futureToleranceSeconds } from '../../oauth/clock-skew.js'
import type { TrustedIssuer } from '../../oauth/trusted-issuer.js'

export const identityAssertionType = 'oauth-id-jag+jwt'

export type Claims = Readonly<Record<string, unknown>>

export interface Expectations {
  readonly trustedIssuer: TrustedIssuer
  /** Our `issuer`: the one audience an assertion may have. */
  readonly audience: string
  /** The client that authenticated. */
  readonly clientId: string
  /** Seconds since the epoch. */
  readonly now: number
  readonly clockToleranceSeconds: number
}

/** Claims that passed every rule. */
export interface IdentityAssertion {
  readonly issuer: string
  readonly subject: string
  readonly tokenId: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
  readonly email: string | undefined
  readonly scope: string | undefined
  readonly resource: string | undefined
  /** Key the client must prove it holds (`cnf.jkt`). */
  readonly keyThumbprint: string | undefined
}

interface Rule {
  readonly message: string
  readonly violates: (claims: Claims, expected: Expectations) => boolean
}

const longestText = 1_024

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longestText && !value.includes('\0')
}

const isTextIfAny = (value: unknown): boolean => value === undefined || isText(value)

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function thumbprintIn(cnf: unknown): string | undefined {
  if (typeof cnf !== 'object' || cnf === null) return undefined
  const [[name, value] = [], ...others] = Object.entries(cnf)
  return name === 'jkt' && isText(value) && others.length === 0 ? value : undefined
}

/** In the order of the extension's list of checks. */
const rules: readonly Rule[] = [
  { message: 'iss is not the trusted issuer', violates: ({ iss }, { trustedIssuer }) => iss !== trustedIssuer.issuer },
  { message: 'sub is missing', violates: ({ sub }) => !isText(sub) },
  {
    // One audience only: an assertion that others may use too could be replayed here by them (RFC 7523bis §3).
    message: 'aud is not this authorization server alone',
    violates: ({ aud }, { audience }) =>
      Array.isArray(aud) ? aud.length !== 1 || aud[0] !== audience : aud !== audience,
  },
  {
    message: 'client_id is not the client that presents it',
    violates: (claims, { clientId }) => claims['client_id'] !== clientId,
  },
  {
    message: 'the issuer is not trusted for this client',
    violates: (_claims, { trustedIssuer: { clients }, clientId }) => clients.length > 0 && !clients.includes(clientId),
  },
  { message: 'jti is missing', violates: ({ jti }) => !isText(jti) },
  { message: 'exp is missing', violates: ({ exp }) => !isTime(exp) },
  { message: 'iat is missing', violates: ({ iat }) => !isTime(iat) },
  {
    message: 'it has expired',
    violates: ({ exp }, { now, clockToleranceSeconds }) => isTime(exp) && exp <= now - clockToleranceSeconds,
  },
  {
    message: 'it lives longer than allowed',
    violates: ({ iat, exp }, { trustedIssuer }) =>
      isTime(iat) && isTime(exp) && exp - iat > trustedIssuer.maxLifetimeSeconds,
  },
  {
    message: 'it is not valid yet',
    violates: ({ iat, nbf }, { now }) =>
      [iat, nbf].some((time) => time !== undefined && !(isTime(time) && time <= now + futureToleranceSeconds)),
  },
  { message: 'scope is not text', violates: ({ scope }) => scope !== '' && !isTextIfAny(scope) },
  { message: 'resource is not text', violates: ({ resource }) => !isTextIfAny(resource) },
  { message: 'email is not text', violates: ({ email }) => !isTextIfAny(email) },
  {
    message: 'cnf is not a key thumbprint',
    violates: ({ cnf }) => cnf !== undefined && thumbprintIn(cnf) === undefined,
  },
]

/** Every rule the claims break; empty when the assertion may be used. */
export function violations(claims: Claims, expected: Expectations): string[] {
  return rules.filter((rule) => rule.violates(claims, expected)).map(({ message }) => message)
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

/**
 * True when the issuer does not say that the address is unverified. Some write `"false"`, as text (Amazon Cognito): whatever is
 * neither left out nor true counts as unverified.
 */
function vouchesForEmail({ email_verified: verified = true }: Claims): boolean {
  return verified === true || verified === 'true'
}

/** Reads claims without violations. An address that the issuer itself has not verified counts as none. */
export function readAssertion(claims: Claims): IdentityAssertion {
  return {
    issuer: String(claims['iss']),
    subject: String(claims['sub']),
    tokenId: String(claims['jti']),
    expiresAt: Number(claims['exp']),
    email: vouchesForEmail(claims) ? textOf(claims['email']) : undefined,
    scope: textOf(claims['scope']),
    resource: textOf(claims['resource']),
    keyThumbprint: thumbprintIn(claims['cnf']),
  }
}
