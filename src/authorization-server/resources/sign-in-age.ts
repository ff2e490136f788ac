/** How old a sign-in may be for a resource (`tokens.max_auth_age`). */
import type { Resources } from './resources.js'

/** The shortest age that one of the resources asks for, in seconds; `undefined`: none does. */
export function oldestSignIn(named: readonly string[], resources: Resources): number | undefined {
  const ages = named.flatMap((identifier) => resources.find(identifier)?.declared.tokens.maxAuthAgeSeconds ?? [])
  return ages.length === 0 ? undefined : Math.min(...ages)
}

/** True if the person must sign in again. `past`: whether they signed in longer ago than so many seconds. */
export function isSignInTooOld(
  session: { past(age: number): boolean },
  named: readonly string[],
  resources: Resources,
): boolean {
  const oldest = oldestSignIn(named, resources)
  return oldest !== undefined && session.past(oldest)
}
