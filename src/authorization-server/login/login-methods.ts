/** The ways to sign in here. The page shows them in this order. */
import type { LoginMethod, LoginMethodKind, LoginParts } from './login-method.js'
import { passwordLogin } from './password-login.js'

const kinds: readonly [LoginMethodKind, ...LoginMethodKind[]] = [passwordLogin]

/** What `acr` may say. */
export const authenticationContexts: readonly string[] = [...new Set(kinds.map(({ acr }) => acr))]

export interface LoginMethods {
  /** Of their forms, in the order of the page. */
  readonly names: readonly string[]
  /** The method whose form this is. One without a name is the first's. */
  of(form: URLSearchParams): LoginMethod
}

export function createLoginMethods(parts: LoginParts): LoginMethods {
  const make = (kind: LoginMethodKind): LoginMethod => ({ ...kind, prove: kind.create(parts) })
  const [first, ...others] = kinds
  const initial = make(first)
  const methods = [initial, ...others.map(make)]
  return {
    names: methods.map(({ name }) => name),
    of: (form) => methods.find(({ name }) => name === form.get('method')) ?? initial,
  }
}
