/** Signing in with a password. */
import { declareSignIn } from '../../storage/grants/ephemeral-artifacts.js'
import { createAuthenticator } from './authenticator.js'
import type { LoginMethodKind } from './login-method.js'

/** A password that was changed while it was checked opens nothing. */
const isStillThePassword = declareSignIn('sign_in', 'password_hash = $5')

export const passwordLogin: LoginMethodKind = {
  name: 'password',
  // A password over a protected connection, by the name that SAML 2.0 gave it (saml-authn-context §3.4.10).
  acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
  amr: ['pwd'],
  create: ({ accounts, hasher }) => {
    const authenticator = createAuthenticator(accounts, hasher)
    return async ({ form, claimant, sender }) => {
      const proven = await authenticator.authenticate(claimant, form.get('password') ?? '', sender)
      if (proven === undefined) return undefined
      const { accountId, passwordHash } = proven
      return { accountId, condition: isStillThePassword, evidence: [passwordHash], passwordHash }
    }
  },
}
