/** Signing in with a password. If the account has an authenticator app, a code of it follows (interactions/second-factor.ts). */

import { passwordLevel } from '../../oauth/sign-in-levels.js'
import { declareSignIn } from '../../storage/grants/ephemeral-artifacts.js'
import { createAuthenticator } from './authenticator.js'
import type { LoginMethodKind } from './login-method.js'

/**
 * A password that was changed while it was checked opens nothing. Neither does one alone if an authenticator app was set up meanwhile.
 */
const isStillThePassword = declareSignIn(
  'sign_in',
  `password_hash = $5
    AND NOT EXISTS (SELECT 1 FROM authenticator_apps WHERE account_id = $4 AND confirmed_at IS NOT NULL)`,
)

/** Half of a sign-in: the code is asked for next. */
const isStillTheFirstFactor = declareSignIn('first_factor', 'password_hash = $5')

export const passwordLogin: LoginMethodKind = {
  name: 'password',
  isGuessable: true,
  create: ({ accounts, hasher }) => {
    const authenticator = createAuthenticator(accounts, hasher)
    return async ({ form, claimant, sender }) => {
      const proven = await authenticator.authenticate(claimant, form.get('password') ?? '', sender)
      if (proven === undefined) return {}
      const { accountId, passwordHash } = proven
      const app = claimant?.app
      const condition = app === undefined ? isStillThePassword : isStillTheFirstFactor
      const proof = { accountId, condition, evidence: [passwordHash], passwordHash }
      return { proof, acr: passwordLevel, amr: ['pwd'], ...(app === undefined ? {} : { awaitsCodeOf: app }) }
    }
  },
}
