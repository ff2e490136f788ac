/**
 * How strongly a person was proven: the values of `acr` (OpenID Connect Core §2), weakest first. Each one counts as every weaker one, so a
 * client that asks for a weaker one is content with a stronger.
 */

/** A password over a protected connection, by the name that SAML 2.0 gave it (saml-authn-context §3.4.10). */
export const passwordLevel = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'
/** Two factors, by the name that REFEDS gave it. */
export const twoFactorLevel = 'https://refeds.org/profile/mfa'
/** Nobody can talk the person into proving it elsewhere (OpenID Connect Extended Authentication Profile, `phr`). */
export const phishingResistantLevel = 'phr'

/** What `acr` may say. */
export const signInLevels = [passwordLevel, twoFactorLevel, phishingResistantLevel] as const

export type SignInLevel = (typeof signInLevels)[number]

/** The names that operators write: the values of `acr`, and short ones. */
export const levelNames = { mfa: twoFactorLevel, phr: phishingResistantLevel } as const

/** How strong; -1 for a name that means nothing here. */
function strengthOf(acr: unknown): number {
  return (signInLevels as readonly unknown[]).indexOf(acr)
}

/** True if a sign-in with the first is at least one with the second. Nothing reaches a name that means nothing here. */
export function reaches(acr: string | undefined, demanded: string): boolean {
  const wanted = strengthOf(demanded)
  return wanted !== -1 && strengthOf(acr) >= wanted
}

/** The weakest of those that are good enough; `undefined` if none of them means anything here. */
export function weakestOf(accepted: readonly unknown[]): SignInLevel | undefined {
  return signInLevels.find((level) => accepted.includes(level))
}

/** The stronger of the two. */
export function strongerOf(one: SignInLevel | undefined, other: SignInLevel | undefined): SignInLevel | undefined {
  return strengthOf(one) >= strengthOf(other) ? one : other
}

/** What a token says of a sign-in to a client that named values: the strongest of them that it reaches, otherwise what it is. */
export function saidLevel(acr: string | undefined, named: readonly unknown[]): string | undefined {
  const reached = signInLevels.filter((level) => named.includes(level) && reaches(acr, level))
  return reached.at(-1) ?? acr
}
