/** Signing in with another identity provider: what an ID token says of it. The way there and back is identity-providers/. */
import type { LoginMethodDescription } from './login-method.js'

export const providerLogin: Omit<LoginMethodDescription, 'name'> = {
  // How the provider proved the person is its own affair (saml-authn-context §3.4.25).
  acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
  amr: ['fed'],
}
