/** Who may make an account of their own (`sign_up` of gatehouse.yaml). Pure. */
import type { Declarations, SignUp } from './declared-resource.js'
import { isLoopbackHost } from './redirect-uri.js'

/** What is declared; left out, people come by invitation on loopback, and not at all elsewhere. */
export function signUpOf({ signUp }: Pick<Declarations, 'signUp'>, issuer: string): SignUp {
  return signUp ?? { policy: isLoopbackHost(new URL(issuer).hostname) ? 'invite' : 'closed' }
}

/** Whether people come without an invitation. */
export function letsStrangersIn({ policy }: SignUp): boolean {
  return policy === 'open' || policy === 'domains'
}
