/** A person as their provider names them, and how far that is to be believed. Pure. */
import { type IdentityProvider, isManyIssuers } from '../../oauth/identity-provider.js'
import { normalizeEmail } from '../../storage/accounts/accounts.js'

type Claims = Readonly<Record<string, unknown>>

export interface ProviderIdentity {
  /** `iss` and `sub`: what the person is known by. Everything else may change hands. */
  readonly issuer: string
  readonly subject: string
  /** As accounts have addresses. */
  readonly email: string | undefined
  /** The provider says that the address is the person's: by a boolean, and nothing that resembles one. */
  readonly isEmailVerified: boolean
  readonly name: string | undefined
  /** When the person proved themselves to the provider, in seconds since 1970. */
  readonly authTime: number | undefined
  /** Groups here that the provider puts the person into; `undefined`: it does not say. */
  readonly groups: readonly string[] | undefined
  /** Of the session there, for a back-channel logout. */
  readonly sid: string | undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/**
 * Letters that only look like others (full width, a Kelvin sign) are one person's here and may be two people's at the provider. An address
 * with such letters, or with blanks around it, is verified by nobody.
 */
function isPlain(address: string): boolean {
  return address === address.normalize('NFKC').trim()
}

/**
 * Entra lets the administrators of each tenant write any address into a person (CVE-2023-36019 and what followed, "nOAuth"). Only
 * `xms_edov` says that the owner of the domain stands behind it, and only of a tenant that the operator named.
 */
function isVerified(provider: IdentityProvider, claims: Claims): boolean {
  if (provider.preset === 'entra') return claims['xms_edov'] === true && !isManyIssuers(provider)
  return claims['email_verified'] === true
}

/** A claim that is missing names no group: a person who left all of them must not keep what they opened. */
function mappedGroups({ groups }: IdentityProvider, claims: Claims): readonly string[] | undefined {
  if (groups === undefined) return undefined
  const listed = claims[groups.claim]
  const names: readonly unknown[] = Array.isArray(listed) ? listed : [listed]
  const mapped = names.flatMap((name) => (typeof name === 'string' ? (groups.map.get(name) ?? []) : []))
  return [...new Set(mapped)].sort()
}

/** `issuer`, `subject`: as the checked ID token, or the provider's API, says. */
export function identityOf(
  provider: IdentityProvider,
  { issuer, subject }: Pick<ProviderIdentity, 'issuer' | 'subject'>,
  claims: Claims,
): ProviderIdentity {
  const address = text(claims['email'])
  const email = address === undefined ? undefined : normalizeEmail(address)
  const authTime = claims['auth_time']
  return {
    issuer,
    subject,
    email,
    isEmailVerified: address !== undefined && email !== undefined && isPlain(address) && isVerified(provider, claims),
    name: text(claims['name'])?.slice(0, 200),
    authTime: typeof authTime === 'number' ? Math.floor(authTime) : undefined,
    groups: mappedGroups(provider, claims),
    sid: text(claims['sid']),
  }
}

/** Whether the operator lets the provider speak for the address. */
export function speaksFor({ authoritativeFor }: IdentityProvider, email: string): boolean {
  return authoritativeFor.includes(email.slice(email.lastIndexOf('@') + 1))
}
