/** Paths of the metadata documents, under the issuer (RFC 8414 §3, OpenID Connect Discovery §4). */
export const wellKnownPaths: readonly string[] = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
]

/** Paths of the engine's endpoints, under the issuer. */
export const routes = {
  authorization: '/authorize',
  backchannel_authentication: '/backchannel',
  code_verification: '/device',
  device_authorization: '/device/authorize',
  end_session: '/logout',
  introspection: '/introspect',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
} as const

/** How to connect a client, for people. */
export const connectPath = '/connect'

/** What people look after by themselves. */
export const accountPath = '/account'

/** The revocation feed, which is ours and not the engine's. */
export const revocationFeedPath = '/revocations'

/** Programs ask here: their answers are JSON whatever they say they accept. */
export const programEndpoints: ReadonlySet<string> = new Set([
  routes.token,
  routes.introspection,
  routes.revocation,
  routes.userinfo,
  routes.registration,
  routes.device_authorization,
  routes.pushed_authorization_request,
  revocationFeedPath,
])
