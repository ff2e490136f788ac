/** Signing in with another identity provider: what an ID token says of it. The way there and back is identity-providers/. */
import type { Proven } from './login-method.js'

export const providerLogin: Pick<Proven, 'acr' | 'amr'> = {
  // How the provider proved the person is its own affair (saml-authn-context §3.4.25).
  acr: 'urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified',
  amr: ['fed'],
}
