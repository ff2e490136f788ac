/**
 * The `claims` parameter (OpenID Connect Core §5.5): claims that a request names one by one, besides those of its scopes. A person is asked
 * about such a claim in the words of the scope that has it; what is granted is the claim alone.
 */

import { signInLevels } from '../../oauth/sign-in-levels.js'
import { engineError } from '../engine/engine-errors.js'

/** The claims of each scope (OpenID Connect Core §5.4), all of which this server has. The first ones are about the sign-in, not the person. */
export const claimsOfScope = {
  openid: ['sub', 'acr', 'amr', 'auth_time'],
  profile: ['name'],
  email: ['email', 'email_verified'],
} as const satisfies Readonly<Record<string, readonly string[]>>

type Json = Readonly<Record<string, unknown>>

/** Where the claims are returned. */
const destinations = ['userinfo', 'id_token'] as const

const known: ReadonlySet<string> = new Set(Object.values(claimsOfScope).flat())

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parsed(text: string | undefined): Json | undefined {
  // Nearly no request has the parameter, and an exception costs as much as a look at a hundred claims.
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** OpenID Connect Core §5.5.1: a claim is asked for by `null`, or by an object that says how. */
function meantMembers(asked: Json): Json {
  return Object.fromEntries(
    Object.entries(asked).filter(([name, how]) => known.has(name) && (how === null || isObject(how))),
  )
}

/**
 * The parameter without the members and claims that mean nothing here, which are ignored (OpenID Connect Core §5.5); `undefined` when none
 * is left. A malformed one stays as it is: the engine answers `invalid_request`.
 */
export function meantClaims(text: string): string | undefined {
  const claims = parsed(text)
  if (claims === undefined || destinations.some((name) => Object.hasOwn(claims, name) && !isObject(claims[name])))
    return text
  const meant = destinations.flatMap((name) => {
    const asked = claims[name]
    const members = isObject(asked) ? meantMembers(asked) : {}
    return Object.keys(members).length === 0 ? [] : [[name, members] as const]
  })
  return meant.length === 0 ? undefined : JSON.stringify(Object.fromEntries(meant))
}

/** The claims that the parameter asks for, by the scope that has them. Only scopes about the person: how they signed in is no secret. */
export function claimsByScope(text: string | undefined): ReadonlyMap<string, readonly string[]> {
  const claims = parsed(text) ?? {}
  const asked = new Set(destinations.flatMap((name) => Object.keys(claims[name] ?? {})))
  return new Map(
    Object.entries(claimsOfScope).flatMap(([scope, names]) => {
      const found = names.filter((name) => asked.has(name))
      return scope === 'openid' || found.length === 0 ? [] : [[scope, found] as const]
    }),
  )
}

/** The values that the request accepts for a claim; `undefined`: every value. */
function valuesOf(how: unknown): readonly unknown[] | undefined {
  if (!isObject(how)) return undefined
  if (how['value'] !== undefined) return [how['value']]
  return Array.isArray(how['values']) ? how['values'] : undefined
}

/** The subjects one of whom has to sign in (OpenID Connect Core §3.1.2.2, §5.5.1); `undefined`: anybody. */
export function requestedSubjects(text: string | undefined): readonly unknown[] | undefined {
  const asked = parsed(text)?.['id_token']
  return isObject(asked) ? valuesOf(asked['sub']) : undefined
}

/** One of these `acr` has to be reached; `undefined`: none is essential. */
export function essentialContexts(text: string | undefined): readonly unknown[] | undefined {
  const asked = parsed(text)?.['id_token']
  const acr = isObject(asked) ? asked['acr'] : undefined
  return isObject(acr) && acr['essential'] === true ? valuesOf(acr) : undefined
}

/**
 * Refuses a request that no sign-in here can satisfy: an essential `acr` with other values than those there are (OpenID Connect Core
 * §5.5.1.1; the error is of OpenID Connect Core Unmet Authentication Requirements §2). For the engine's `assertClaimsParameter`.
 */
export function assertAuthenticationContext(claims: { readonly id_token?: object | undefined }): void {
  const asked: unknown = claims.id_token
  const acr = isObject(asked) ? asked['acr'] : undefined
  if (!isObject(acr) || !acr['essential']) return
  const { value, values } = acr
  if (values !== undefined && !Array.isArray(values))
    throw engineError('invalid_request', { description: 'invalid claims.id_token.acr.values' })
  const isMet = signInLevels.some(
    (known) => (value === undefined || value === known) && (values === undefined || values.includes(known)),
  )
  if (isMet) return
  throw engineError('unmet_authentication_requirements', {
    description: 'none of the requested acr values can be met',
  })
}

/** Leaves out claims that were asked for with values they do not have (OpenID Connect Core §5.5.1), unless a scope gives them. */
export function withRequestedValues(available: Json, scope: string, requested: Json): Json {
  const ofScopes = new Set<string>(
    Object.entries(claimsOfScope).flatMap(([name, claims]) => (scope.split(' ').includes(name) ? claims : [])),
  )
  return Object.fromEntries(
    Object.entries(available).filter(
      ([name, value]) => ofScopes.has(name) || valuesOf(requested[name])?.includes(value) !== false,
    ),
  )
}
