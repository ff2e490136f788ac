/** The ways to sign in here. The page shows them in this order. */
import type { AccountStore } from '../../storage/accounts/accounts.js'
import { createSecondFactorStore } from '../../storage/factors/authenticator-apps.js'
import type { AuthorizationServerOptions } from '../options.js'
import type { LoginMethod, LoginMethodKind, LoginParts } from './login-method.js'
import { createPasskeys } from './passkey-ceremony.js'
import { passkeyLogin } from './passkey-login.js'
import { passwordLogin } from './password-login.js'
import type { PasswordHasher } from './passwords.js'

const kinds: readonly [LoginMethodKind, ...LoginMethodKind[]] = [passwordLogin, passkeyLogin]

export interface LoginMethods {
  /** In the order of the page. */
  readonly names: readonly string[]
  /** The method whose form this is. One without a name is the first's. */
  of(form: URLSearchParams): LoginMethod
}

/** The methods, with what the pages behind them need. */
export function createSignInFactors(
  options: Pick<AuthorizationServerOptions, 'issuer' | 'productName' | 'storage' | 'keyRing'>,
  accounts: AccountStore,
  hasher: PasswordHasher,
) {
  const { storage } = options
  const passkeys = createPasskeys(options)
  return {
    loginMethods: createLoginMethods({ storage, accounts, hasher, passkeys }),
    /** `undefined` where browsers offer none. */
    passkeys: passkeys?.ceremonies,
    secondFactors: createSecondFactorStore(storage),
  }
}

export function createLoginMethods(parts: LoginParts): LoginMethods {
  const methods = kinds.flatMap((kind): LoginMethod[] => {
    const prove = kind.create(parts)
    return prove === undefined ? [] : [{ ...kind, prove }]
  })
  const [initial] = methods
  if (initial === undefined) throw new Error('there is no way to sign in')
  return {
    names: methods.map(({ name }) => name),
    of: (form) => methods.find(({ name }) => name === form.get('method')) ?? initial,
  }
}
