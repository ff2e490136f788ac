/** What an ID token may truthfully say about how a person signed in here: by password, and by nothing else yet. */

/** `acr` (OpenID Connect Core §2): a password over a protected connection, by the name that SAML 2.0 gave it (saml-authn-context §3.4.10). */
export const passwordContext = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport'

/** `amr` (RFC 8176 §2). */
export const passwordMethods: readonly string[] = ['pwd']
